"""DBOS: a workflow of ten steps, each recorded before the next begins, over SQLite or (4th argument: a URL) PostgreSQL."""

import logging
import os
import sys
import threading

from measure import answer, arguments, clock

import sqlalchemy
from dbos import DBOS, DBOSConfig

STEPS = 10


@DBOS.step()
def step(done):
    return done + 1


@DBOS.workflow()
def ten():
    done = 0
    for _ in range(STEPS):
        done = step(done)
    return done


def main():
    folder, concurrency, seconds = arguments()
    url = sys.argv[4] if len(sys.argv) > 4 else f"sqlite:///{os.path.join(folder, 'dbos.sqlite')}"
    logging.disable(logging.WARNING)
    config = DBOSConfig(
        name="bench", system_database_url=url, run_admin_server=False, log_level="ERROR", max_executor_threads=concurrency + 8
    )
    DBOS(config=config)
    DBOS.launch()
    times, stop = [], threading.Event()

    def client():
        while not stop.is_set():
            since = clock()
            assert ten() == STEPS
            times.append((clock(), clock() - since))

    clients = [threading.Thread(target=client, daemon=True) for _ in range(concurrency)]
    started = clock()
    for thread in clients:
        thread.start()
    stop.wait(seconds)
    ended = clock()
    stop.set()
    kept = [took for at, took in times if at <= ended]
    if url.startswith("sqlite"):
        with sqlalchemy.create_engine(url).connect() as connection:
            ask = lambda what: connection.exec_driver_sql(f"PRAGMA {what}").scalar()
            level = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}[ask("synchronous")]
            setting = f"its SQLite default: journal_mode={ask('journal_mode')}, synchronous={level}"
    else:
        with sqlalchemy.create_engine(url).connect() as connection:
            ask = lambda what: connection.exec_driver_sql(f"SHOW {what}").scalar()
            setting = f"PostgreSQL {ask('server_version').split()[0]}: fsync={ask('fsync')}, synchronous_commit={ask('synchronous_commit')}"
    answer(len(kept) * STEPS, ended - started, kept, setting)
    sys.stdout.flush()
    os._exit(0)


main()
