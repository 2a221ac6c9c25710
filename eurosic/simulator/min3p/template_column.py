"""The blocks of a MIN3P deck that describe a column: soil, initial volumes and water, with places to fill.

Station: data of `deck_write`. *Enters:* nothing. *Leaves:* constants. Order and spelling are MIN3P's: it reads
concentrations in the order of the components and minerals in the order of their list. *Source:* decks of the
development runs, MIN3P 2.6.2.880.
"""

SOIL = """
'physical parameters - porous medium'
1
'number and name of zone'
1
'soil'
{porosity:.5f}
'extent of zone'
{whole}
'end of zone'
'done'

'physical parameters - variably saturated flow'
'soil'
'hydraulic conductivity in z-direction'
{conductivity:.6e}
'soil hydraulic function parameters'
{residual:.5f}
2.0
1.4
0.5
0.0
'end of zone'
'done'

'physical parameters - reactive transport'
'diffusion coefficients'
0.0d0
{diffusivity:.5e}
'soil'
'longitudinal dispersivity'
0.0
'end of zone'
'done'

'initial condition - variably saturated flow'
1
'number and name of zone'
1
'soil'
'initial condition'
{head:.6f}
'extent of zone'
{whole}
'end of zone'
'done'

'boundary conditions - variably saturated flow'
2
'number and name of zone'
1
'inflow boundary'
'boundary type'
'second' {flux:.6e}
'extent of zone'
{surface}
'end of zone'
'number and name of zone'
2
'outflow boundary'
'boundary type'
'first' {head:.6f}
'extent of zone'
{bottom}
'end of zone'
'done'

'initial condition - reactive transport'
{volumes}
"""

LAYER = """\
'number and name of zone'
{number}
'layer {number}'
'concentration input'
{ca:.6e} 'charge'
{mg:.6e} 'free'
{k:.6e} 'free'
{na:.6e} 'free'
1.0e-09 'free'
{cl:.6e} 'free'
{nitrate:.6e} 'free'
{so4:.6e} 'free'
{pco2:.6e} 'pco2'
{al:.6e} 'free'
{ph:.4f} 'ph'

'guess for ph'
{ph:.4f}

'sorption parameter input'
{cec:.4f}                     ;CEC meq/100 g
{density:.5f}                       ;dry bulk density g/cm3 (gravel-free mass per bulk volume)
'equilibrate with fixed solution composition'

'mineral input'
{calcite:.8e} .false. 'constant'
1.d-10 1.000e-06 0.0d0
1.0d-3 .false. 'constant'
1.d-10 {source:.6e} 0.0d0
{hydroxide:g} .false. 'constant'
1.d-10 1.000e-09 0.0d0

'extent of zone'
{extent}
'end of zone'
"""

WATER = """\
'concentration input'
{ca:.6e} 'free'
{mg:.6e} 'free'
{k:.6e} 'free'
{na:.6e} 'free'
{nh4:.6e} 'free'
{cl:.6e} 'charge'
{no3:.6e} 'free'
{so4:.6e} 'free'
4.2d-4 'pco2'
1.000000e-10 'free'
{ph:.5f} 'ph'

'guess for ph'
{ph:.5f}
"""
