# SPDX-License-Identifier: GPL-3.0-or-later
"""Where elbows and knees bend to, made by `scripts/make_hinge_prior.py`.

One row a feature of the upper bone's direction (see `flexion.features`); columns are
left, up and forward of the trunk, for a left limb.
"""

ARM = """
-0.106 -0.370 -0.009
-0.627 0.085 0.848
0.434 0.155 -0.891
-0.634 0.913 -0.010
0.830 1.255 -0.548
-0.200 0.336 -0.246
-1.478 -0.088 0.508
0.276 -0.576 0.317
-0.020 0.168 0.346
"""

LEG = """
-0.004 -0.011 -0.080
0.607 -0.134 -0.045
-0.047 -0.057 0.942
-0.008 -0.962 0.084
-0.459 -0.542 -0.226
-0.036 -0.010 0.035
0.675 -0.067 -0.115
-0.341 0.097 0.151
0.064 0.086 0.082
"""
