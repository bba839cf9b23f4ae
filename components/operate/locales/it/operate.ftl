# Regia dei processi
operate-title = Regia dei processi
operate-views = Viste della regia
operate-instances = Istanze
operate-incidents = Incidenti
search = Cerca
any = Tutti
reason = Motivo
retry = Riprova
since = dal { $date }
version = versione { $n }
choose = Scegli
choose-instance = Scegli l'istanza { $id }
go-on = Prosegui
back = Torna indietro
first-page = Prima pagina
refused = Comando rifiutato:
command-done = Comando eseguito.
reason-missing = Scrivi il motivo: resta nella storia di ogni istanza.
wrong-date = « { $text } » non è una data: usa la forma aaaa-mm-gg.
wrong-variable = « { $text } » non è una variabile: scrivi nome=valore.
wrong-number = « { $text } » non è un numero intero.
wrong-action = Scegli che cosa fare.
item-done = fatta
item-failed = fallita
item-skipped = saltata
batch-ended = Finito
nothing-chosen = Scegli almeno un'istanza, oppure cerca con almeno una condizione.

# Campi
field-modello = Modello
field-stato = Stato
field-chiave = Chiave di lavoro
field-assistito = Codice dell'assistito
field-elemento = Fermo all'elemento
field-variabile = Variabile (nome=valore)
field-incidente = Testo dell'incidente
field-dal = Avviata dal
field-al = Avviata fino al
field-variabili = Variabili da impostare
field-tentativi = Tentativi da concedere
field-messaggio = Nome del messaggio
field-versione = Versione di arrivo
field-annulla = Elementi da annullare
field-avvia = Elementi da avviare
field-ritmo = Istanze al secondo, al massimo
help-variabili = Una per riga, nome=valore. Il valore può essere un numero, true, false, un testo o JSON.
help-elementi = Gli identificativi del modello, separati da virgole.
help-ritmo = Vuoto: senza limite. Un limite basso lascia respirare i sistemi collegati.

# Stati
status-active = in corso
status-incident = con incidente
status-suspended = sospesa
status-completed = conclusa
status-terminated = interrotta

# Colonne
col-instance = Istanza
col-where = Dove si trova
col-started = Avviata
col-ended = Finita
col-element = Elemento
col-kind = Tipo
col-since = Da quando
col-due = Scadenza
col-cause = Causa
col-batch = Lotto
col-outcome = Esito
col-begun = Iniziato
col-who = Chi
search-none-title = Nessuna istanza
search-none-text = Cambia le condizioni della ricerca.
act-on-all = Con tutte le istanze trovate
act-on-ticked = Con le istanze scelte
prepare-all = Prepara il lotto su tutte
prepare-ticked = Prepara il lotto sulle scelte

# Istanza
instance-title = Istanza { $id }
diagram-and-history = Diagramma e cronologia
variables = Variabili
variables-none = Nessuna variabile.
commands = Comandi

# Azioni
action-suspend = Sospendi
action-resume = Riprendi
action-retry = Riprova gli incidenti
action-setVariables = Imposta variabili
action-message = Invia un messaggio
action-modify = Correggi il punto di esecuzione
action-migrate = Sposta a un'altra versione
action-cancel = Termina
question-suspend = Sospendere l'istanza { $id }?
question-resume = Riprendere l'istanza { $id }?
question-setVariables = Impostare le variabili dell'istanza { $id }?
question-modify = Correggere l'istanza { $id }?
question-migrate = Spostare l'istanza { $id }?
question-cancel = Terminare l'istanza { $id }?
consequence-suspend = Niente si muove finché non viene ripresa; ciò che arriva intanto resta in attesa.
consequence-resume = Ciò che è arrivato mentre era sospesa succede adesso, nell'ordine in cui è arrivato.
consequence-retry = Ciò che ha aperto gli incidenti viene ritentato, dopo avere impostato le variabili indicate.
consequence-setVariables = Le variabili del processo prendono i valori indicati; le condizioni vengono rivalutate.
consequence-message = Il messaggio arriva a ogni istanza che lo aspetta; le altre vengono saltate.
consequence-modify = Gli elementi da annullare vengono tolti, quelli da avviare partono: tutto insieme o niente.
consequence-migrate = L'istanza passa alla versione scelta con le sue attività, scadenze e variabili, oppure resta com'è.
consequence-cancel = Le attività aperte vengono annullate e il percorso si chiude. Non si può tornare indietro.

# Incidenti
incidents-none-title = Nessun incidente aperto
incidents-none-text = Tutto procede.
incident-retried = Riprovato: se la causa c'è ancora, l'incidente torna in elenco.
retried-by-hand = Riprovato dalla regia
retry-same-cause = Riprova tutti quelli con la stessa causa

# Lotti
batches-title = Lotti
batches-none-title = Nessun lotto
batches-none-text = Cerca delle istanze e scegli che cosa fare.
batch-title = Lotto: { $what }
batch-begun = Lotto avviato: lavora in sottofondo, anche se chiudi la pagina.
batch-progress = { $done } di { $total }
batch-failed-n = { $n ->
    [one] uno fallito
   *[other] { $n } falliti
  }
batch-selecting = Scelta delle istanze
batch-running = In corso
batch-paused = In pausa
batch-cancelled = Fermato
batch-completed = Completato
batch-pause = Metti in pausa
batch-resume = Riprendi il lotto
batch-cancel = Ferma il lotto
batch-retry = Riprova i soli falliti
batch-told-pause = Lotto in pausa.
batch-told-resume = Il lotto riprende.
batch-told-cancel = Lotto fermato: ciò che è fatto resta fatto.
progress = Avanzamento
speed = Velocità
per-second = { $n } al secondo
time-left = Tempo stimato
seconds = { $n ->
    [one] un secondo
   *[other] { $n } secondi
  }
retry-of = Riprende i falliti di un altro lotto
export-csv = Scarica gli esiti (CSV)
export-json = Scarica gli esiti (JSON)
outcomes = Esiti per istanza
outcomes-none = Ancora nessun esito.
result-all = Tutti
result-done = Fatti
result-failed = Falliti
result-skipped = Saltati
chosen = Su quali istanze
chosen-ticked = { $n ->
    [one] Un'istanza scelta
   *[other] { $n } istanze scelte
  }
to-preview = Vedi l'anteprima
preview-title = Anteprima: { $what }
preview-count = { $n ->
    [0] Nessuna istanza corrisponde.
    [one] Corrisponde una istanza. Niente è ancora stato fatto.
   *[other] Corrispondono { $n } istanze. Niente è ancora stato fatto.
  }
preview-incomplete = Sono almeno queste: non tutte sono state guardate.
preview-tried = Provate
preview-possible = Riuscirebbero
preview-skipped = Verrebbero saltate
preview-refused = Verrebbero rifiutate
preview-why = Perché
preview-sample = Le prime istanze
preview-what = Che cosa succederebbe
preview-ok = riuscirebbe
start-on = { $n ->
    [one] Avvia su una istanza
   *[other] Avvia su { $n } istanze
  }

# Rimuovere un lotto
batch-remove = Rimuovi il lotto
batch-remove-question = Rimuovere questo lotto?
batch-remove-what = L’elenco degli esiti è cancellato e non si può recuperare.
batch-remove-stays = Ciò che è stato fatto alle istanze resta nella loro storia.
batch-removed = Lotto rimosso.

# Tipi di elementi e di incidenti
kind-userTask = attività di una persona
kind-manualTask = attività manuale
kind-serviceTask = attività automatica
kind-scriptTask = calcolo
kind-businessRuleTask = decisione
kind-sendTask = invio di un messaggio
kind-receiveTask = attesa di un messaggio
kind-task = attività
kind-callActivity = chiamata di processo
kind-subProcess = sottoprocesso
kind-adHocSubProcess = sottoprocesso libero
kind-transaction = transazione
kind-intermediateCatchEvent = attesa di un evento
kind-intermediateThrowEvent = evento lanciato
kind-boundaryEvent = evento sul bordo
kind-startEvent = evento iniziale
kind-endEvent = evento finale
kind-eventBasedGateway = scelta per evento
kind-parallelGateway = incrocio parallelo
kind-inclusiveGateway = incrocio inclusivo
kind-exclusiveGateway = scelta
kind-complexGateway = incrocio complesso
kind-incident = fermo per un incidente
kind-job = lavoro di un sistema
kind-event = attesa di un evento
kind-join = attesa degli altri rami
kind-inside = in corso al suo interno
incident-job = lavoro non riuscito
incident-unhandled-error = errore che nessuno gestisce
incident-expression = espressione senza valore
incident-decision = decisione non riuscita
incident-call = processo chiamato mancante
incident-limit = limite raggiunto
incident-no-flow = nessuna strada da prendere
incident-timer = scadenza non calcolabile
