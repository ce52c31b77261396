"""Statistics and report of a listening test.

From a ratings table to a page that a reviewer can check: ``python -m analysis.report`` analyses,
``python -m analysis.power`` plans. Data flow one way: read, tabulate, compute, show.

==========  =====================================================================================
read        ``reading`` (database or file), ``formats`` (other programs'), ``ratings`` (checks)
tabulate    ``scores`` (listener × item × condition)
compute     ``screening``, ``descriptive``, ``crossed`` (the primary test), ``ranks``,
            ``inference`` (families of comparisons), ``findings`` (all of it in order)
check       ``mixed``, ``sensitivity``, ``agreement``, ``objective``, ``pooling`` (two sets)
say         ``wording``, ``methods``, ``caveats``, ``tables``, ``check_tables``, ``results``
draw        ``canvas``, ``figures``, ``diagnostics``
write       ``page`` (HTML), ``publish`` (the folder), ``report`` and ``power`` (commands)
==========  =====================================================================================
"""
