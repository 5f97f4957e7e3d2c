"""Other people's scripts, run so that nobody notices: in a process of their own, which these modules prepare.

`whose` tells a script's calls from those of everybody else in the process; `overlay` keeps what a script writes apart;
`files` leads its calls there; `refusals` declines windows, input, network, other programs and ends of the process;
`locks` has the system itself refuse what slipped through.
"""
