"""The database that PHREEQC is given, so that it and the simulator solve with the same constants.

PHREEQC 3.8 changed the constants of CaHCO3+ and CO2; these are the older ones of `constants.py`. Nitrate and
ammonium are master species of their own, so that they are neither reduced nor oxidised. *Source:* SCIENCE.md 2.3;
Plummer & Busenberg (1982); phreeqc.dat up to 3.7, whose reactions from CO3-- are sums of those of SCIENCE.md.
"""

from __future__ import annotations

DATABASE = """
SOLUTION_MASTER_SPECIES
H H+ -1. H 1.008
H(0) H2 0 H
H(1) H+ -1. 0
E e- 0 0 0
O H2O 0 O 16.0
O(0) O2 0 O
O(-2) H2O 0 0
Ca Ca+2 0 Ca 40.08
Mg Mg+2 0 Mg 24.312
Na Na+ 0 Na 22.9898
K K+ 0 K 39.102
Al Al+3 0 Al 26.9815
C CO3-2 2 HCO3 12.0111
C(+4) CO3-2 2 HCO3
S SO4-2 0 SO4 32.064
Cl Cl- 0 Cl 35.453
Nit Nit- 0 Nit 62.0
Amm Amm+ 0 Amm 18.0
Alkalinity CO3-2 1 Ca0.5(CO3)0.5 50.05
SOLUTION_SPECIES
H+ = H+
 -gamma 9 0
e- = e-
H2O = H2O
Ca+2 = Ca+2
 -gamma 5 0.165
Mg+2 = Mg+2
 -gamma 5.5 0.20
Na+ = Na+
 -gamma 4 0.075
K+ = K+
 -gamma 3.5 0.015
Al+3 = Al+3
 -gamma 9 0
CO3-2 = CO3-2
 -gamma 5.4 0
SO4-2 = SO4-2
 -gamma 5 -0.04
Cl- = Cl-
 -gamma 3.5 0.015
Nit- = Nit-
 -gamma 3 0
Amm+ = Amm+
 -gamma 2.5 0
H2O = OH- + H+
 -analytic -283.971 -0.05069842 13323.0 102.24447 -1119669.0
 -gamma 3.5 0
2 H2O = O2 + 4 H+ + 4 e-
 log_k -86.08
2 H+ + 2 e- = H2
 log_k -3.15
CO3-2 + H+ = HCO3-
 -analytic 107.8871 0.03252849 -5151.79 -38.92561 563713.9
 -gamma 5.4 0
CO3-2 + 2 H+ = CO2 + H2O
 -analytic 464.1965 0.09344813 -26986.16 -165.75951 2248628.9
Ca+2 + CO3-2 + H+ = CaHCO3+
 -analytic 1317.0071 0.34546849 -39916.84 -517.70761 563713.9
 -gamma 5.4 0
Ca+2 + CO3-2 = CaCO3
 -analytic -1228.732 -0.299444 35512.75 485.818
Mg+2 + CO3-2 + H+ = MgHCO3+
 -analytic 48.6721 0.03252849 -2614.335 -18.00263 563713.9
 -gamma 4 0
Mg+2 + CO3-2 = MgCO3
 -analytic 0.991 0.00667
Ca+2 + SO4-2 = CaSO4
 log_k 2.3
 delta_h 1.65 kcal
Mg+2 + SO4-2 = MgSO4
 log_k 2.37
 delta_h 4.55 kcal
EXCHANGE_MASTER_SPECIES
X X-
EXCHANGE_SPECIES
X- = X-
 log_k 0
Na+ + X- = NaX
 log_k 0
K+ + X- = KX
 log_k 0.7
Amm+ + X- = AmmX
 log_k 0.6
H+ + X- = HX
 log_k 1.0
Ca+2 + 2 X- = CaX2
 log_k 0.8
Mg+2 + 2 X- = MgX2
 log_k 0.6
Al+3 + 3 X- = AlX3
 log_k 0.41
PHASES
Calcite
 CaCO3 = CO3-2 + Ca+2
 -analytic -171.9065 -0.077993 2839.319 71.595
CO2(g)
 CO2 = CO2
 -analytic 108.3865 0.01985076 -6919.53 -40.45154 669365.0
AlHydroxide
 Al(OH)3 + 3 H+ = Al+3 + 3 H2O
 log_k 8.3
END
"""
