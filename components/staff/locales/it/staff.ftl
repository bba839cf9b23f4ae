staff-title = Personale
staff-new = Nuova persona
staff-edit = Modifica i dati
staff-created = La persona è registrata: ora puoi darle un incarico.
staff-known = C'è già una persona con questo codice fiscale: è questa.
staff-changed = Dati aggiornati.
changed-meanwhile = Qualcun altro ha cambiato questi dati nel frattempo. Torna indietro, ricarica la pagina e rifai la modifica.
not-oneself = Nessuno dà, cambia o chiude un incarico a se stesso: lo fa un collega dell'ufficio.
own-record = Questa è la tua scheda. Se qualcosa non è giusto, dillo all'ufficio del personale.
not-recorded = non registrato
edit = Modifica
save = Salva
remove = Togli

# Ricerca
search-text = Nome, codice fiscale o matricola
search-do = Cerca
search-none-title = Nessuno trovato
search-none-text = Prova con meno lettere o meno filtri: l'ordine delle parole e gli accenti non contano.
search-more = Sono molti: mostriamo i primi { $n }. Restringi la ricerca.
search-count = { $n ->
    [one] Una persona
   *[other] { $n } persone
  }
any-unit = Tutte le strutture
any-role = Tutti i ruoli
any-discipline = Tutte le discipline
state-all = Tutti
state-attivi = In servizio
state-cessati = Senza incarico
state-current = In servizio
state-none = Senza incarico
state-future = Da cominciare
col-name = Persona
col-work = Incarichi

# Campi
field-struttura = Struttura
field-ruolo = Ruolo
field-disciplina = Disciplina
field-stato = Stato
field-contratto = Rapporto di lavoro
field-qualifica = Qualifica
field-dal = Dal giorno
field-al = Fino al giorno
field-ore = Ore alla settimana
field-orario = Giorni e orari
field-principale = È l'incarico principale
field-sede = Sedi
field-massimale = Massimale proprio
field-ambito = Ambiti
field-cognome = Cognome
field-nome = Nome
field-title-before = Titolo davanti al nome
field-codice_fiscale = Codice fiscale
field-nascita = Data di nascita
field-sesso = Sesso
field-matricola = Matricola
field-email = Posta elettronica
field-telefono = Telefono
field-titolo = Albo o titolo
field-numero = Numero
field-ordine = Ordine o ente
field-versione = Versione
sex-f = Femminile
sex-m = Maschile
several-help = Tieni premuto Ctrl per sceglierne più di una.
no-discipline = Nessuna
convention-part = Soltanto per medici e pediatri convenzionati
ceiling-help = Vuoto: vale il massimale generale.

# Errori
wrong-missing = manca
wrong-long = al massimo { $value } caratteri
wrong-date = «{ $value }» non è una data valida
wrong-mail = «{ $value }» non è un indirizzo
wrong-number = un numero fino a { $value }
wrong-choice = scegli una voce dell'elenco
wrong-taken = è già di { $value }
wrong-code = non è un codice valido ({ $value })
finding-surname = non corrisponde al cognome
finding-given = non corrisponde al nome
finding-birth = non corrisponde alla data di nascita
finding-sex = non corrisponde al sesso
finding-place = non corrisponde al luogo di nascita

# Incarichi
assignments-title = Incarichi
assignments-past = Incarichi passati
assignment-new = Nuovo incarico
assignment-edit = Correggi l'incarico
assignment-give = Dai l'incarico
assignment-given = Incarico dato: le autorizzazioni valgono da subito, nel periodo indicato.
assignment-changed = Incarico corretto: le autorizzazioni valgono da subito.
assignment-taken-back = ritirato prima di cominciare
assignment-lead = Dal ruolo vengono le autorizzazioni di chi accede: nascono e finiscono con le date dell'incarico.
assignment-refused = Non è stato registrato nulla.
assignment-end = Chiudi l'incarico
assignment-ended = { $n ->
    [0] Incarico chiuso.
    [one] Incarico chiuso: un compito è passato al collega.
   *[other] Incarico chiuso: { $n } compiti sono passati al collega.
  }
no-assignment = Nessun incarico.
main-one = principale
hours-a-week = { $n } ore alla settimana
a-substitute = In sostituzione
period-none = senza date
period-from = dal { $from }
period-to = fino al { $to }
period-both = dal { $from } al { $to }
rule-ordine = L'incarico finirebbe prima di cominciare ({ $detail }).
rule-principale = Avrebbe due incarichi principali nello stesso periodo.
rule-doppione = Avrebbe due volte lo stesso ruolo nella stessa struttura, nello stesso periodo.
rule-unicita = Avrebbe due rapporti che non possono stare insieme ({ $detail }).
rule-ore = Le ore della settimana sarebbero troppe ({ $detail }).
rule-source = Fonte: { $source }.
rule-unverified = regola da confermare
rule-standing = Da controllare: { $rule }
end-lead = Con la fine dell'incarico finiscono le autorizzazioni che ne vengono: anche per le pagine aperte, dal minuto stesso.
end-remains = Che cosa resta
end-tasks = { $n ->
    [0] Nessun compito in mano
   *[other] Compiti in mano:
  }
end-patients = Assistiti che l'hanno scelto: { $n }
end-patients-convention = Vanno a un altro medico con una nuova scelta; fino ad allora dai a un sostituto l'incarico per il periodo.
end-teams = Équipe di cura di cui fa parte: { $n }
end-last-role = È il suo unico incarico attivo: dopo non potrà più lavorare nel sistema.
end-when = Quando finisce
end-now = Subito
end-on-day = Alla fine di un giorno
end-day = Giorno
end-pass = I compiti in mano passano a
end-pass-nobody = Nessuno: restano senza chi li svolga
end-pass-help = Colleghi con lo stesso ruolo nella stessa struttura. I compiti passano subito.
end-reason = Motivo
end-do = Chiudi l'incarico
end-when-missing = Di' quando finisce: subito, o alla fine di un giorno.
end-reason-missing = Scrivi il motivo (al massimo 500 caratteri).
end-colleague-wrong = Scegli un collega con lo stesso ruolo nella stessa struttura.

# Albi e titoli
titles-title = Albi e titoli
titles-none = Nessuna iscrizione registrata.
titles-many = Al massimo { $n } titoli.
title-add = Registra o rinnova un'iscrizione
title-renew = Con lo stesso albo e lo stesso numero, la nuova data prende il posto della vecchia.
title-saved = Iscrizione registrata.
title-removed = Iscrizione tolta.
title-number = n. { $n }
title-over = Scaduta
title-soon = In scadenza
register-missing = Il ruolo chiede un'iscrizione che non risulta valida oggi: { $register }.

# Storia
past-title = Com'era
past-lead = Che cosa era vero in un giorno, come lo sapeva il registro in un altro giorno: due date diverse mostrano le correzioni fatte dopo.
past-true = Vero il giorno
past-known = Come si sapeva il giorno
past-then = Vero il { $day }, come si sapeva il { $known }
past-versions = Tutte le versioni
past-when = Scritta
past-what = Che cosa
past-told = Contenuto
past-person = Persona
past-assignment = Incarico

# Scadenze
alerts-title = Scadenze
alerts-lead = Iscrizioni agli albi e titoli di chi è in servizio: ciò che è scaduto, ciò che scade, ciò che manca.
alerts-open = Da verificare
alerts-ended = Scaduti
alerts-ending = In scadenza entro sei mesi
alerts-missing = Iscrizioni che i ruoli chiedono e che non risultano
alerts-none = Niente.
alerts-beyond = Mostriamo i primi { $shown }, dal più vicino; altri { $n } non sono in questa pagina.
alert-check = Verificato
alert-checked = Verificato: se il registro non ha la nuova data, il compito torna in elenco.
notice-read = Avviso letto.

# Codice fiscale
cf-fiscal-length = deve avere 16 caratteri
cf-fiscal-character = ha un carattere fuori posto
cf-fiscal-name = ha lettere che non vengono da un nome
cf-fiscal-date = contiene una data impossibile
cf-fiscal-check = ha la lettera di controllo sbagliata: ricontrolla
cf-fiscal-no-letters = non si può calcolare da questo nome
cf-fiscal-place = contiene un luogo impossibile
notice-ends = { $what }: scade il { $day }. Porta all'ufficio del personale la prova del rinnovo.
notice-close = Ho letto

# Crediti
credits-title = Formazione continua (ECM)
credits-between = Triennio dal { $from } al { $to }
credits-earned = { $earned } crediti su { $owed }
credits-insured = Sotto il { $percent }% a fine triennio la copertura assicurativa potrebbe non valere.
credit-add = Registra un evento formativo
credit-event = Evento
credit-day = Giorno
credit-number = Crediti
credit-added = Crediti registrati.
credit-day-wrong = Il giorno dell'evento non è una data passata.
credit-number-wrong = I crediti sono un numero maggiore di zero, fino a { $most }.
credit-title-wrong = Scrivi il nome dell'evento (al massimo 300 caratteri).

# Assenze
absences-title = Assenze
absences-none = Nessuna assenza registrata.
absence-add = Registra un'assenza
absence-kind = Motivo
absence-substitute = Chi sostituisce
absence-nobody = Nessuno
absence-help = Il sostituto ha il ruolo nella struttura soltanto per questi giorni; per un medico di famiglia vede gli assistiti del collega.
absence-added = Assenza di { $who } registrata.
absence-cancel = Annulla o termina oggi
absence-cancelled = Assenza chiusa: se c'era un sostituto, il suo ruolo è finito adesso.
absence-off = annullata o terminata prima
absence-substituted = Sostituisce { $who }
absence-days-wrong = Scrivi due giorni, il primo non dopo l'ultimo, al massimo tre anni.
absence-twice = In questi giorni risulta già assente.
absence-substitute-wrong = Il sostituto deve avere lo stesso ruolo, oggi, e l'assente un incarico da coprire.

# Organigramma
chart-title = Organigramma
chart-day = Al giorno
chart-root = A partire da
chart-lead = Al { $day }: { $n ->
    [one] un incarico
   *[other] { $n } incarichi
  }.
chart-print = Per averlo su carta usa «Stampa» del browser.
chart-cut = Le strutture sono molte: scegli da quale partire.
chart-left-out = { $n ->
    [one] Una struttura senza incarichi non è mostrata.
   *[other] { $n } strutture senza incarichi non sono mostrate.
 }
chart-all = Mostrale tutte
chart-more = ha altre strutture sotto di sé

# Convenzioni
conventions-title = Convenzioni
ceiling-rule = Massimale { $ceiling } assistiti; un medico ogni { $people } residenti.
areas-title = Ambiti e zone carenti
areas-none = Nessun ambito è registrato.
area-people = Residenti
area-doctors = Medici
area-needed = Servono
area-lacking = Carenti
area-municipalities = { $n ->
    [0] senza comuni
    [one] un comune
   *[other] { $n } comuni
  }
doctors-title = Medici
doctors-none = Nessun medico in questo ambito.
surgeries = Ambulatori
ceiling = Massimale
ceiling-own = proprio
patients = Assistiti
places-free = Posti liberi

# Invii
exports-title = Invii
exports-lead = File per gli enti superiori: ogni riga è controllata, ciò che non va resta fuori e si vede perché.
exports-none-title = Nessun file preparato
exports-none-text = Scegli un tracciato e un giorno, poi prepara il file.
export-layout = Tracciato
layout-unverified = tracciato da confermare
export-make = Prepara il file
export-made = File preparato: controllalo prima di inviarlo.
export-when = Preparato
export-rows = Righe
export-counts = { $rows } nel file, { $out } fuori
export-receipt = Ricevuta
export-recipient = Destinatario
export-hash = Impronta SHA-256
export-again-of = Rinvio
export-before = delle righe rifiutate di questo invio
export-unverified = Tracciato da confermare: { $source }. Confrontalo con il testo ufficiale prima di inviare il file.
export-download = Scarica il file
export-again = Prepara di nuovo le righe rifiutate o rimaste fuori
export-left-out = Rimaste fuori dal file
export-refused = Rifiutate dall'ente
export-no-receipt = La ricevuta non ha le colonne { $key } ed { $outcome } nella prima riga.
export-nothing-refused = Nessuna riga è stata rifiutata o lasciata fuori: non c'è nulla da rinviare.
receipt-none = non ancora
receipt-counts = { $yes } accettate, { $no } rifiutate
receipt-add = Carica la ricevuta dell'ente
receipt-help = Un file di testo con la prima riga di intestazione; servono almeno le colonne { $key } ed { $outcome }.
receipt-file = File della ricevuta
receipt-send = Carica
receipt-size = La ricevuta è vuota o più grande di { $most } MB.
receipt-taken = { $n ->
    [0] Ricevuta abbinata alle righe.
   *[other] Ricevuta abbinata; { $n } righe non sono di questo invio.
  }
check-required = { $column }: manca
check-value = { $column }: valore che il tracciato non prevede
check-date = { $column }: data sbagliata
check-form = { $column }: forma sbagliata
check-long = { $column }: troppo lungo

# Importazione
import-title = Importa
import-lead = Persone e incarichi da un file CSV: prima l'anteprima con gli errori di ogni riga, poi l'importazione, che si può annullare.
import-file = File CSV
import-load = Leggi il file
import-before = Importazioni
import-size = Serve un file CSV con l'intestazione e da una a { $most } righe, al massimo 1 MB.
import-columns-many = La riga { $line } ha troppe colonne.
import-cell-long = Alla riga { $line } un testo è troppo lungo: manca una virgoletta?
import-quote-open = La virgoletta aperta alla riga { $line } non è chiusa.
import-letta = Da importare
import-in-corso = In corso
import-fatta = Importata
import-annullata = Annullata
import-over = Questa importazione è già stata eseguita o annullata.
import-counts = { $good } righe giuste, { $bad } con errori
import-run = { $n ->
    [one] Importa la riga giusta
   *[other] Importa le { $n } righe giuste
  }
import-columns = Quale colonna è che cosa
import-map = Rileggi
import-done = Importazione fatta: { $n } scritture, { $refused } righe rifiutate.
import-written = { $n } tra persone e incarichi sono stati scritti.
import-undo = Annulla l'importazione
import-undone = { $n ->
    [0] Importazione annullata.
   *[other] Importazione annullata; { $n } scritture restano perché qualcuno le ha cambiate o usate.
  }
import-refused = Rifiutate dalle regole
import-row = Riga { $n }
import-rows = Righe del file
import-wrong = Errori
import-fine = nessuno
wrong-unknown = «{ $value }» non è conosciuto

# Conferme
confirm-title = Conferme
confirm-lead = Gli incarichi che danno ruoli delicati valgono dopo la conferma di una seconda persona: né chi li ha dati né chi li riceve.
confirm-none-title = Niente da confermare
confirm-none-text = Qui compaiono gli incarichi che aspettano una seconda persona.
confirm-given = Dato da { $who }, { $when }
confirm-wider = Allarga un incarico che intanto vale come prima.
confirm-do = Conferma
confirm-refuse = Rifiuta
confirm-why = Perché lo rifiuti
confirm-decided = Decise
confirm-giver = Dato da
confirm-by = Deciso da
confirm-outcome = Esito
confirm-confermata = Confermato
confirm-rifiutata = Rifiutato
confirm-done = Incarico confermato: le autorizzazioni valgono da subito, nel periodo indicato.
confirm-refused = Incarico rifiutato: resta ciò che valeva prima.
confirm-reason = Scrivi perché lo rifiuti, in non più di { $most } caratteri.
confirm-not-giver = L'hai dato tu: lo conferma qualcun altro.
confirm-not-own = È un incarico tuo: decide qualcun altro.
confirm-own-waits = Aspetti la conferma di un incarico tuo: fino ad allora conferma qualcun altro.
confirm-in-turn = Di recente vi siete confermati incarichi a vicenda: questo lo conferma qualcun altro.
assignment-waits = Incarico registrato. Dà un ruolo delicato: vale dopo la conferma di una seconda persona (Conferme).
waits-badge = Da confermare

# File in parti, pagine, esempio
export-most = Righe per file (al massimo)
export-part = parte { $part } di { $all }
export-parts = Parti
export-too-many = Le righe non stanno in 20 file da { $most }: nessun file è stato preparato, perché nessuno resti fuori senza che si veda. Indica più righe per file.
doctors-count = Medici { $range } di { $all }
doctors-pages = Pagine dei medici
doctors-before = Precedenti
doctors-after = Successivi
doctors-page = Pagina { $n } di { $all }
import-start-from = Per cominciare:
import-example-file = scarica un file di esempio
import-expected = Le colonne del file
import-expected-lead = La prima riga ha i nomi delle colonne, in qualunque ordine; quelle che non riconosciamo si scelgono dopo. Le celle sono separate da punti e virgola, virgole o tabulazioni; le date sono come 31/12/2026.
import-col = Colonna
import-what = Che cosa contiene
import-need = Serve
import-need-always = Sempre
import-need-work = Con un incarico
import-need-never = No
import-col-cognome = Cognome
import-col-nome = Nome
import-col-codice_fiscale = Codice fiscale, di 16 caratteri; chi c'è già con lo stesso codice non viene iscritto due volte
import-col-nascita = Data di nascita, come nel codice fiscale
import-col-sesso = F o M
import-col-matricola = Numero di matricola
import-col-email = Posta elettronica di lavoro
import-col-telefono = Telefono di lavoro
import-col-struttura = Nome dell'unità, come nell'anagrafe delle strutture, o il suo codice
import-col-ruolo = Uno di questi: { $codes }
import-col-disciplina = Codice di due cifre della disciplina, per i ruoli che ne hanno una
import-col-contratto = Uno di questi: { $codes }
import-col-qualifica = Qualifica, come nel contratto
import-col-dal = Primo giorno dell'incarico
import-col-al = Ultimo giorno dell'incarico; vuoto se non ha scadenza
import-col-ore = Ore alla settimana, al massimo 80
