# Life events
events-title = Life events
events-lead = Births, deaths, moves, emigrations, returns, changes and merges from the population registers: what each caused, what waits and why.
events-filter = State of the events
events-all = All
events-none = No event.
events-load = Load a file
events-load-lead = One event a line as JSON (NDJSON), or CSV. An event that came already is not applied twice.
events-layout = No ministerial text confirms the layout of the CSV.
events-file = File (6 MB at most)
events-send = Load
events-no-file = Choose a file.
events-applied = { $n ->
    [one] One event applied.
   *[other] { $n } events applied.
  }
events-waiting = { $n ->
    [one] One waits.
   *[other] { $n } wait.
  }
events-refused = { $n ->
    [one] One refused.
   *[other] { $n } refused.
  }
events-repeated = { $n ->
    [one] One was known.
   *[other] { $n } were known.
  }
events-invalid = { $n ->
    [one] One line is not valid.
   *[other] { $n } lines are not valid.
  }
event-nascita = Birth
event-decesso = Death
event-trasferimento = Move
event-emigrazione = Emigration
event-rientro = Return
event-variazione = Change of name, sex or code
event-fusione = Merge of two records
event-state-applicato = Applied
event-state-in-attesa = Waiting
event-state-rifiutato = Refused
event-one-applicato = Applied
event-one-in-attesa = Waiting
event-one-rifiutato = Refused
event-title = Event
event-kind = Event
event-date = Happened on
event-person = Person
event-state = State
event-reason = Reason
event-remedy = What to do
event-source = Identifier of the source
event-received = Arrived
event-applied = Applied
event-by = Sent by
event-effects = What changed
event-no-effects = Nothing: it was so already.
event-resources = Resources written
event-processes = Processes
event-no-processes = No process of this person began or moved.
event-started = started
event-moved = moved
event-retry = Try again now
event-unreadable = The event cannot be read again.
event-now-applied = Event applied.
events-signature = Signature of the source, if it is in a file of its own
events-signature-told = A .jws file: header..signature. Who may sign is in the configuration.
event-signer = Signed by
