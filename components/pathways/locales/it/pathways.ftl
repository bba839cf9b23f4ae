# Parole comuni
filter = Filtra
search = Cerca
open = Apri
choose = Scegli
reason = Motivo
retry = Riprova
yes = sì
no = no
never = mai
order = Ordina per
since = dal { $date }
previous-page = Pagina precedente
export-csv = Scarica l'elenco (CSV)
whose = Di chi
whose-own = I miei assistiti
whose-all = Tutti
version = versione { $n }
sex-female = femmina
sex-male = maschio
sex-other = altro
sex-unknown = non indicato

# Attività
tasks-title = Attività
tasks-views = Elenchi di attività
view-mie = Le mie
view-ruolo = Da prendere
view-scadute = Scadute
view-concluse = Concluse da me
view-ruolo-assistito = Da fare
view-scadute-assistito = Scadute
view-concluse-assistito = Fatte
tasks-search = Assistito
tasks-count = { $n ->
    [0] Nessuna attività
    [one] Una attività
   *[other] { $n } attività
  }
tasks-none-title = Niente da fare qui
tasks-none-text = Quando un percorso avrà bisogno di te, l'attività comparirà in questo elenco.
tasks-notfound-title = Nessuna attività trovata
tasks-notfound-text = Controlla il nome cercato o togli il filtro.
task-what = Attività
task-patient = Assistito
task-due = Scadenza
task-ended = Conclusa il
task-actions = Azioni
task-urgent = urgente
task-pathway = Percorso
task-holder = In carico a
task-for-role = chiunque abbia il ruolo: { $roles }
task-context = Cosa serve sapere
task-no-form = Questa attività non ha un modulo: confermala quando è fatta.
task-no-form-title = Conferma
task-not-yours = Questa attività è in carico a un'altra persona: puoi leggerla, non completarla.
task-not-your-role = Questa attività spetta a un altro ruolo: puoi leggerla, non completarla.
task-claimed = Attività presa in carico.
task-unclaimed = Attività restituita: ora può prenderla un collega.
task-reassigned = Attività assegnata.
task-completed = Attività completata: { $name }.
task-already-done = Questa attività è già conclusa.
task-no-answers = Non ci sono risposte registrate per questa attività.
task-done-by = Svolta da
only-your-own = Puoi vedere solo la tua pagina.
task-of-staff = Questa attività è di chi ti cura: nella tua pagina vedi a che punto è.
claim = Prendi in carico
unclaim = Restituisci
complete = Salva e completa
reassign = Assegna a un collega
reassign-to = A chi
reassign-reason = Perché
reassign-reason-missing = Scrivi il motivo dell'assegnazione.
reassign-person-missing = Scegli il collega a cui assegnare l'attività.
state-ready = da prendere
state-in-progress = in carico
state-completed = conclusa
state-cancelled = annullata: non serve più

# Assistiti
patients-title = Assistiti
patients-search = Cerca un assistito
patients-search-help = Nome e cognome, data di nascita (21/11/1950) o codice fiscale
patients-count = { $n ->
    [0] Nessuna persona trovata
    [one] Una persona
   *[other] { $n } persone
  }
patients-first-50 = (si vedono le prime 50: aggiungi un nome o la data di nascita)
patients-none-title = Nessuna persona trovata
patients-none-text = Controlla come è scritto il nome, oppure cerca con la data di nascita o il codice fiscale.
patient-name = Cognome e nome
patient-born = Nascita
patient-age = { $n ->
    [one] un anno
   *[other] { $n } anni
  }
patient-sex = Sesso
patient-cf = Codice fiscale
patient-city = Comune
patient-phone = Telefono
patient-address = Indirizzo
patient-doctor = Medico
patient-died = Deceduto il
patient-dead = deceduto

# Pagina dell'assistito
in-page = In questa pagina
section-pathway = Percorso di cura
section-values = Valori nel tempo
section-problems = Problemi
section-therapy = Terapia in corso
section-timeline = Cosa è successo
pathway-since = dal { $date }
pathway-todo = Da fare
pathway-nothing-todo = Nessuna attività aperta: il percorso aspetta la prossima scadenza.
pathway-waiting = In attesa
pathway-wait-until = { $name } ({ $date })
pathway-none = Nessun percorso di cura in corso.
pathway-incident = Il percorso si è fermato per un problema tecnico: l'amministratore è al lavoro.
pathways-ended = Percorsi conclusi
pathway-running = in corso
diagram-live = qui ora
start-pathway = Avvia un percorso
values-none = Nessun valore registrato.
values-none-of = Nessun valore registrato per: { $name }.
value-hba1c = HbA1c
value-glicemia = Glicemia a digiuno
value-ldl = Colesterolo LDL
value-egfr = Filtrato glomerulare
value-acr = Albumina/creatinina urinaria
value-sistolica = Pressione sistolica
value-diastolica = Pressione diastolica
value-peso = Peso
value-bmi = Indice di massa corporea
chart-target = obiettivo
problems-none = Nessun problema registrato.
problem-resolved = risolto
therapy-none = Nessuna terapia registrata.
timeline-none = Non è ancora successo nulla.
timeline-earlier = Mostra i precedenti
kind-encounter = Contatto
kind-condition = Diagnosi
kind-procedure = Procedura
kind-diagnosticreport = Referto
kind-immunization = Vaccinazione
kind-task = Attività del percorso

# Avvio di un percorso
start-title = Avvia un percorso
start-which = Quale percorso?
start-running = Percorsi già in corso per questa persona:
start-none = Nessun percorso è disponibile: chiedi all'amministratore di pubblicarne uno.
start-what-happens = La prima attività del percorso comparirà subito negli elenchi di chi deve svolgerla.
start-already = Questo percorso è già in corso per questa persona.
start-done = Percorso avviato.
start-dead = Non si può avviare un percorso per una persona deceduta.

# Percorso
pathway-state = Stato
pathway-started = Avviato il
pathway-ended = Concluso il
pathway-now = A che punto è
pathway-diagram = Schema del percorso
pathway-actions = Azioni
pathway-history = Cronologia
pathway-stopped-at = Fermo al passo «{ $element }»
instance-active = in corso
instance-completed = concluso
instance-terminated = interrotto
instance-incident = fermo per un problema
action-anticipate = Anticipa il controllo
action-anticipate-text = Il prossimo controllo comincia adesso, senza aspettare la data prevista.
action-exit = Chiudi il percorso
action-exit-text = Le attività aperte vengono annullate e il medico riceve la scheda di chiusura. Non si può annullare.
message-sent = Richiesta inviata: il percorso è andato avanti.
message-nobody-waits = In questo momento il percorso non aspetta questa richiesta.
message-unknown = Questa richiesta non esiste.
message-reason-missing = Scrivi il motivo della richiesta.
history-more = Continua la cronologia
event-started = Percorso avviato
event-task-created = Nuova attività: { $name }
event-task-completed = Attività completata: { $name }
event-task-cancelled = Attività annullata: { $name }
event-task-claimed = Attività presa in carico
event-task-released = Attività restituita
event-task-reassigned = Attività assegnata a un collega
event-task-delegated = Attività delegata
event-task-resolved = Attività riconsegnata a chi l’aveva delegata
event-task-changed = Scadenza o priorità dell’attività modificata
event-task-commented = Nota aggiunta a un’attività
event-task-attached = Documento allegato a un’attività
event-operated = Comando di chi tiene la regia
event-modified = Percorso corretto a mano
event-migrated = Percorso passato alla nuova versione del modello
event-suspended = Percorso sospeso
event-resumed = Percorso ripreso
event-decided = Decisione: { $name }
event-timer = Scadenza raggiunta: { $name }
event-message = Ricevuto: { $name }
event-incident = Problema: { $name }
event-incident-resolved = Problema risolto
event-completed = Percorso concluso
event-terminated = Percorso interrotto
unnamed-step = passo senza nome
rule-applied = Regola { $id }: { $source }{ $status }
rule-confirmed = {""}
rule-unverified = {" "}(fonte da confermare)
actor-timer = scadenza
actor-hub = nuovo dato clinico
actor-system = sistema
actor-message = messaggio

# Percorsi in corso
cases-title = Percorsi in corso
cases-search = Assistito
cases-count = { $n ->
    [0] Nessun percorso
    [one] Un percorso, { $late } con attività scadute
   *[other] { $n } percorsi, { $late } con attività scadute
  }
cases-truncated = (si vedono i primi 1000)
cases-none-title = Nessun percorso in corso
cases-none-text = Togli i filtri, oppure avvia un percorso dalla pagina di un assistito.
all-phases = Tutte
late-any = Tutti
late-only = Solo con ritardi
order-due = prossima scadenza
order-name = nome
order-contact = ultimo contatto (dal più lontano)
order-phase = fase
case-name = Assistito
case-age = Età
case-phase = Fase
case-next = Prossimo passo
case-due = Scadenza
case-late = Ritardi
case-late-n = { $n } in ritardo
case-contact = Ultimo contatto
incident = fermo

# Incidenti
incidents-title = Incidenti
incidents-none-title = Nessun incidente
incidents-none-text = Tutti i percorsi vanno avanti da soli.
incidents-count = { $n ->
    [one] Un percorso è fermo
   *[other] { $n } percorsi sono fermi
  }
incident-retried = Il passo è stato tentato di nuovo.
open-pathway = Apri il percorso

# Modelli
models-title = Modelli
model = Modello
model-id = Identificativo
model-version = Versione
model-deployed-on = Pubblicato il
model-new = Pubblica un modello
model-new-text = BPMN (.bpmn), DMN (.dmn) o Questionnaire FHIR (.json). Un modello con errori viene rifiutato, con la riga e il rimedio.
model-file = Nome del file
model-text = Contenuto
model-deploy = Pubblica
model-deployed = Pubblicato: { $keys }
model-refused = Il modello è stato rifiutato:
model-source = Sorgente
model-download = Scarica il file

# Cosa sa il percorso
var-criteri-motivo = Criterio di arruolamento
var-classe = Complessità
val-classe = classe { $v } su 4
var-stratificazione-motivo = Motivo della classe
var-piano-target-testo = Obiettivo di HbA1c
var-adeguamento-suggerimento = Suggerimento sulla terapia
var-ritardo-motivo = Ritardo
var-obiettivoAssistito = Obiettivo scelto dall'assistito
var-canaleContatto = Come contattarlo
var-fasciaOraria = Quando
var-ostacoli = Ostacoli
var-motivo = Motivo
code-telefono = telefono
code-messaggio = messaggio
code-familiare = tramite un familiare
code-ambulatorio = in ambulatorio
code-mattina = mattina
code-pomeriggio = pomeriggio
code-sera = sera
code-nessuno = nessuno
code-trasporto = trasporto
code-lavoro = lavoro
code-lingua = lingua
code-solitudine = solitudine
code-altro = altro
var-piano-visitaMesi = Visita di controllo
val-piano-visitaMesi = ogni { $v } mesi
var-piano-hba1cMesi = HbA1c
val-piano-hba1cMesi = ogni { $v } mesi
var-piano-lipidiMesi = Lipidi
val-piano-lipidiMesi = ogni { $v } mesi
var-piano-reneMesi = Funzione renale
val-piano-reneMesi = ogni { $v } mesi
var-piano-occhioMesi = Fondo oculare
val-piano-occhioMesi = ogni { $v } mesi
var-piano-piedeMesi = Esame del piede
val-piano-piedeMesi = ogni { $v } mesi
var-piano-ecgMesi = Elettrocardiogramma
val-piano-ecgMesi = ogni { $v } mesi

# Simulazioni
sim-title = Simulazioni
sim-intro = Che cosa succederebbe con altri arrivi, orari o persone? Il processo è eseguito su un orologio virtuale: nessun caso vero è toccato.
sim-which = Processo
sim-prepare = Prepara uno scenario
sim-kept = Simulazioni svolte
sim-none-title = Nessuna simulazione
sim-none-text = Scegli un processo e prepara uno scenario. Le simulazioni restano fino al riavvio del sistema.
sim-name = Nome dello scenario
sim-process = Processo
sim-status = Stato
sim-when = Quando
sim-status-waiting = In attesa
sim-status-running = In corso
sim-status-done = Conclusa
sim-status-failed = Non riuscita
sim-status-cancelled = Annullata
sim-edit-title = Scenario
sim-default-name = { $process }: com'è oggi
sim-from-history = { $n ->
    [0] Nessun caso nella storia: lo scenario parte da valori predefiniti.
    [one] Proposta da un caso della storia.
   *[other] Proposta da { $n } casi della storia.
  }
sim-refused = Lo scenario va corretto:
sim-bad-number = «{ $value }» non è un numero valido
sim-text-object = Il testo dello scenario deve essere un oggetto JSON tra graffe
sim-text-wrong = Il testo dello scenario non è JSON: { $error }
sim-per-day = Arrivi al giorno
sim-months = Durata (mesi)
sim-replications = Repliche
sim-seed = Seme dei numeri casuali
sim-resources = Risorse
sim-resources-none = Nessuna risorsa: il lavoro non aspetta nessuno. Aggiungine una e assegnala alle attività.
sim-resource = Risorsa
sim-units = Unità
sim-hours = Orario
sim-hours-same = come nello scenario
sim-hourly = Costo orario
sim-new-resource = Nuova risorsa
sim-tasks = Attività
sim-task = Attività
sim-tasks-help = Una durata nuova sostituisce quella dello scenario; lascia vuoto per tenerla.
sim-now = Durata nello scenario
sim-now-default = predefinita
sim-minutes = Nuova durata media (minuti)
sim-shape = Distribuzione
sim-shape-exponential = esponenziale
sim-shape-constant = costante
sim-shape-triangular = triangolare (±50 %)
sim-shape-lognormal = lognormale
sim-resource-same = come nello scenario
sim-resource-free = nessuna risorsa
sim-text = Scenario completo (JSON)
sim-text-help = Tutto ciò che si può dire di uno scenario; i campi sopra hanno la precedenza. La guida è in docs/simulation.md.
sim-play = Esegui la simulazione
sim-begun = La simulazione è in coda.
sim-cancelled = La simulazione è stata fermata.
sim-cancel = Ferma la simulazione
sim-progress = Svolta al { $percent } %
sim-csv = Scarica i risultati (CSV)
sim-vary = Cambia qualcosa e riprova
sim-compare = Confronta
sim-compare-with = Confronta con
sim-compare-title = Confronto
sim-compare-text = «{ $before }» e «{ $after }»; la differenza è la seconda meno la prima.
sim-paired = Le repliche sono appaiate: entrambe hanno avuto gli stessi numeri casuali.
sim-unpaired = Le repliche non sono appaiate: con lo stesso seme e numero di repliche il confronto sarebbe più preciso.
sim-difference = Differenza
sim-significant = Lo zero è fuori dall'intervallo
sim-played = { $n } repliche, { $instances } istanze in tutto.
sim-interval = Dopo ± sta metà dell'intervallo di confidenza al 95 %.
sim-no-result = La simulazione non ha ancora un risultato
sim-instances = Istanze per replica
sim-measure = Misura
sim-started = Avviate
sim-completed = Concluse
sim-terminated = Interrotte da un errore
sim-failed = Ferme per un incidente
sim-live = Ancora in corso alla fine
sim-alive = In corso, in media
sim-times = Tempi e costi di un'istanza
sim-throughput = Durata
sim-waiting = Attesa di risorse
sim-waiting-p90 = Attesa, 90° percentile
sim-service = Lavoro
sim-cost = Costo
sim-mean = Media
sim-sd = Deviazione standard
sim-p50 = Mediana
sim-p90 = 90° percentile
sim-p95 = 95° percentile
sim-utilisation = Utilizzo
sim-queue = Coda media
sim-queue-max = Coda massima
sim-entered = Entrate
sim-broken = Annullate
sim-paths = Esiti e rami
sim-path = Ramo
sim-taken = Volte
sim-percent = Quota
sim-bottlenecks = Colli di bottiglia
sim-chart-utilisation = Utilizzo delle risorse, con l'intervallo al 95 %
sim-chart-waiting = Attesa media per attività, con l'intervallo al 95 %
sim-unit-s = s
sim-unit-min = min
sim-unit-h = ore
sim-unit-d = giorni
sim-what-completed = Concluse
sim-what-throughput = Durata media
sim-what-throughput-p90 = Durata, 90° percentile
sim-what-waiting = Attesa di risorse
sim-what-service = Lavoro
sim-what-cost = Costo per istanza
sim-what-alive = In corso, in media
sim-what-utilisation = Utilizzo
sim-what-element-waiting = Attesa
