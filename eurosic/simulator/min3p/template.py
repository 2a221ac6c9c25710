"""The head of a MIN3P deck: chemical system, grid and controls, as text with places to fill.

Station: data of `deck_write`. *Enters:* nothing. *Leaves:* a constant. It holds what was learned the hard way:
``'time_lagged'`` activities (with fast calcite ``'double_update'`` lost 2 % of Ca unseen), no Al on the exchanger
(it does not converge after decalcification), upstream weighting. *Source:* SCIENCE.md section 3; decks of the
development runs, MIN3P 2.6.2.880.
"""

HEAD = """\
! eurosic MIN3P ensemble deck; run {name}
'global control parameters'
'calcareous arable soil column'
.true.                        ;varsat_flow
.true.                        ;steady_flow
.false.                       ;fully_saturated
.true.                        ;reactive_transport
'done'

'geochemical system'
'use new database format'
'database directory'
'{database}'
'define temperature'
{temperature:.4f}                       ;deg C
'compute alkalinity'
'components'
11
'ca+2'
'mg+2'
'k+1'
'na+1'
'nh4+1'
'cl-1'
'no3-1'
'so4-2'
'co3-2'
'al+3'
'h+1'

'intra-aqueous kinetic reactions'
1
'nitrification'
'scaling for intra-aqueous kinetic reactions'
{nitrification:.5e}     ;1/s

'secondary aqueous species'
13
'oh-'
'hco3-'
'h2co3aq'
'cahco3+'
'caco3aq'
'mghco3+'
'mgco3aq'
'caso4aq'
'mgso4aq'
'aloh+2'
'al(oh)2+'
'al(oh)4-'
'al(oh)3aq'

'sorbed species'
6
'na-x(na)'
'ca-x(na)'
'mg-x(na)'
'k-x(na)'
'nh4-x(na)'
'h-x(na)'


'gases'
1
'co2(g)'

'minerals'
3
'calcite'
'co2-source'
'al(oh)3-soil'
'done'

'spatial discretization'
1
1
0. 1.0
1
1
0. 1.0
{intervals}
'done'

'time step control - global system'
'years'
0.0
{end:g}
0.25
1.d-9
'done'

'control parameters - local geochemistry'
'newton iteration settings'
1.d-4
1.d-6
'maximum ionic strength'
1.0d0
'minimum activity for h2o'
0.5d0
'output time unit'
'days'
'done'

'control parameters - variably saturated flow'
'mass balance'
'input units for boundary and initial conditions'
'pressure head'
'compute underrelaxation factor'
10.0
'newton iteration settings'
1.0d-6
80
1.0d-8
0.3
'solver settings'
0
100
0
1.0d-10
1.0d-10
'done'

'control parameters - reactive transport'
'mass balance'
'spatial weighting'
'upstream'
'activity update settings'
'time_lagged'
'tortuosity correction'
'millington'
'newton iteration settings'
1.d-4
15
30
0.5d0
1.0d0
{tolerance}
'solver settings'
0
100
0
1.d-9
1.d-9
'done'

'output control'
'output of spatial data'
{outputs}
'output of transient data'
1
200000
1
'done'
"""
