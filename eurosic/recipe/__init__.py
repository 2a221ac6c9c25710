"""Recipes: read, checked and unpacked into plain values; knows no other stage."""
