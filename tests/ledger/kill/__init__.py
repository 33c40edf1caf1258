"""Kill test: many clients move money between few accounts both ways while server or clients are killed with -9.

    python -m tests.ledger.kill --engine postgres --transfers 3000 --kills 3 --seed 1
    python -m tests.ledger.kill --engine sqlite --transfers 3000 --kills 3 --seed 1
    python -m tests.ledger.kill --engine postgres --transfers 150 --kills 0 --broken no-lock     must fail

It works only on a database, and on PostgreSQL a server, in a temporary folder that it makes itself, and removes.

models.py, registers.py, triggers.py: a register of its own, one move of money a row, so that the traffic runs straight
between the hot accounts. settings.py: the application with this register. servers.py: the two engines. clients.py:
what one client does and writes down. faults.py: the ways to break the posting. harness.py: a run, and its judgement.
"""
