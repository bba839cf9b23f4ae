# Elenchi di strutture da confrontare con il registro
lists-title = Elenchi da confrontare
lists-lead = Porta un elenco di strutture da un file: ogni riga viene confrontata con il registro, tu guardi quello che non è sicuro, poi si scrive tutto insieme. Finché nessuno cambia le strutture, si può tornare indietro.
lists-file = File CSV
lists-file-help = La prima riga ha i nomi delle colonne. Al massimo { $rows } righe e { $mb } MB; virgole, punti e virgola o tabulazioni.
lists-upload = Carica e confronta
lists-brought = Elenchi portati
lists-none = Nessuno finora.
lists-when = Quando
lists-who = Chi
lists-rows = Righe
lists-by = Portato da { $who } il { $when }.
lists-again = Lo stesso file era già stato scritto: valgono le decisioni di allora.
lists-stage-review = Da esaminare
lists-stage-writing = Scrittura interrotta
lists-stage-done = Scritto nel registro
lists-stage-undone = Annullato
lists-begun = Questo elenco è già stato scritto o annullato.
lists-no-undo = Non c'è nulla da annullare.
lists-stopped = La scrittura si è fermata: puoi farla andare avanti, niente viene scritto due volte.
lists-go-on = Vai avanti
lists-undo = Annulla quello che è stato scritto
lists-undo-text = Le strutture nuove vengono tolte e quelle cambiate tornano come prima. Restano quelle che qualcuno ha cambiato dopo, o da cui ormai dipende altro.
lists-undo-do = Annulla
lists-undone = Quello che si poteva è tornato come prima.
lists-count-new = Nuove
lists-count-changed = Cambiate
lists-count-same = Già uguali
lists-count-ceased = Cessate
lists-count-left = Righe lasciate fuori
lists-count-undone = Tornate come prima
lists-count-kept = Rimaste, perché cambiate dopo
lists-columns = Colonne, tipo e completezza
lists-columns-help = Abbiamo indovinato a che cosa corrisponde ogni colonna: correggi dove serve.
lists-column = Colonna
lists-example = Esempio
lists-field = Dato
lists-field-of = Dato della colonna { $column }
lists-leave = non usare
lists-kind = Tipo delle righe che non lo dicono
lists-kind-none = nessuno
lists-whole = L'elenco è completo per
lists-whole-help = Se è completo, ti mostriamo le strutture degli stessi tipi che il registro ha e l'elenco no.
lists-whole-no = non è completo
lists-whole-region = tutta la regione
lists-columns-save = Salva e confronta di nuovo
lists-mapped = Salvato: le righe sono state confrontate di nuovo.
lists-twice = Due colonne sono «{ $field }»: lasciane una.
lists-write = Che cosa si scrive
lists-will-change = { $n ->
    [0] Nessuna struttura cambia.
    [one] Una struttura cambia.
   *[other] { $n } strutture cambiano.
  }
lists-will-new = { $n ->
    [0] Nessuna è nuova.
    [one] Una è nuova.
   *[other] { $n } sono nuove.
  }
lists-will-cease = { $n ->
    [one] Una cessa.
   *[other] { $n } cessano.
  }
lists-will-leave = { $n ->
    [one] Una riga non decisa resta fuori.
   *[other] { $n } righe non decise restano fuori.
  }
lists-apply = Scrivi nel registro
lists-applied = L'elenco è stato scritto nel registro.
lists-download = Scarica le proposte (CSV)
lists-views = Righe da mostrare
lists-view-perhaps = Da guardare
lists-view-changes = Cambiano
lists-view-new = Nuove
lists-view-same = Uguali
lists-view-wrong = Con errori
lists-view-elsewhere = Di altre regioni
lists-view-missing = Mancano nell'elenco
lists-view-none = Nessuna riga.
lists-missing = Strutture che cessano da oggi
lists-missing-text = Il registro ha queste strutture e l'elenco no. Segna quelle che non ci sono più; le altre restano.
lists-missing-none = L'elenco ha tutte le strutture dei suoi tipi.
lists-missing-save = Salva
lists-ceasing = { $n ->
    [one] Una struttura cesserà quando scrivi l'elenco.
   *[other] { $n } strutture cesseranno quando scrivi l'elenco.
  }
lists-line = Riga { $n }
lists-nameless = Senza nome
lists-verdict-same = È nel registro
lists-verdict-perhaps = Forse è nel registro
lists-verdict-new = Non è nel registro
lists-verdict-wrong = Con errori
lists-verdict-elsewhere = Di un'altra regione
lists-which = Quale struttura è
lists-score = nome simile al { $n }%
lists-is-new = Una struttura nuova
lists-is-other = Un'altra struttura del registro
lists-other = Il suo codice, o il nome intero
lists-other-unknown = «{ $text }» non è il codice di una struttura, né un nome che ne ha una sola.
lists-is-ignored = Nessuna: lascia fuori la riga
lists-lacks = Per scriverla come nuova manca: { $fields }.
lists-differences = Differenze
lists-registry = Nel registro
lists-list = Nell'elenco
lists-nothing = (niente)
lists-decide = Salva la decisione
lists-decided = Riga { $n }: decisione salvata.
lists-undecided = Scegli quale struttura è la riga.
lists-reason-code = stesso codice
lists-reason-code-differs = codice diverso
lists-reason-name = stesso nome
lists-reason-name-like = nome molto simile
lists-reason-name-somewhat = nome un po' simile
lists-reason-name-unlike = nome diverso
lists-reason-place = stesso comune
lists-reason-place-differs = altro comune
lists-reason-place-unknown = comune non indicato
lists-reason-near = stesso punto sulla mappa
lists-reason-kind-differs = tipo diverso
lists-reason-address = stesso indirizzo
lists-reason-ceased = cessata nel registro
lists-reason-doubted = il nome è di un'altra struttura
lists-reason-twin = un'altra si chiama quasi uguale
lists-reason-taken = un'altra riga è la stessa struttura
lists-reason-only = unica di questo tipo nel comune
lists-reason-chosen = scelta a mano
lists-field-id = Identificativo nel registro
lists-field-codice = Codice (HSP o STS)
lists-field-codice_hsp = Codice HSP
lists-field-codice_sts = Codice STS
lists-field-codice_fls = Codice ASL (FLS)
lists-field-partita_iva = Partita IVA
lists-field-nome = Nome
lists-field-tipo = Tipo
lists-field-regione = Regione
lists-field-asl = ASL
lists-field-comune = Comune
lists-field-comune_istat = Comune (codice ISTAT)
lists-field-indirizzo = Indirizzo
lists-field-telefono = Telefono
lists-field-email = Posta elettronica
lists-field-sito = Sito
lists-field-latitudine = Latitudine
lists-field-longitudine = Longitudine
lists-field-posizione = Coordinate
lists-field-stato = Stato
lists-wrong-hsp = «{ $value }» non è un codice HSP: ha sei cifre, o otto per uno stabilimento.
lists-wrong-sts = «{ $value }» non è un codice STS: ha sei lettere o cifre.
lists-wrong-fls = «{ $value }» non è il codice di un'ASL: ha sei cifre.
lists-wrong-code = «{ $value }» non ha la forma di un codice HSP (sei o otto cifre) o STS (sei lettere o cifre).
lists-wrong-vat = «{ $value }» non è una partita IVA: ha undici cifre, e l'ultima controlla le altre.
lists-wrong-kind = «{ $value }» non è un tipo di struttura che conosciamo: usa un nome o un codice dei tipi del registro.
lists-wrong-place = «{ $value }» non è un comune della Campania: scrivi il nome o il codice ISTAT.
lists-wrong-position = «{ $value }» non è un punto in Campania: scrivi gradi come 40,85 e 14,25, e controlla di non averli scambiati.
lists-wrong-email = «{ $value }» non è un indirizzo di posta elettronica.
lists-wrong-site = «{ $value }» non è l'indirizzo di un sito.
lists-wrong-asl = «{ $value }» non è un'ASL della Campania: scrivi il nome o il codice.
lists-wrong-long = Il testo è troppo lungo: al massimo 300 caratteri.
lists-wrong-nameless = La riga non ha né nome né codice.
lists-wrong-twice = Il codice { $value } c'è già in una riga prima: togline una.
code-PIVA = Partita IVA
lists-field-disciplina = Disciplina (codice)
lists-field-nome_disciplina = Nome della disciplina
lists-field-regime = Regime dei posti letto
lists-field-posti_letto = Posti letto
lists-field-servizio = Servizio (codice o nome)
lists-field-nome_servizio = Nome del servizio
lists-field-orari_servizio = Orari del servizio
lists-field-attrezzatura = Attrezzatura
lists-field-numero_attrezzature = Quante attrezzature
lists-field-accessibilita = Accessibilità
lists-field-orari = Orari di apertura
lists-field-servizi = Servizi
lists-field-attrezzature = Attrezzature
lists-wrong-number = «{ $value }» non è un numero tra 0 e 5.000.
lists-wrong-discipline = «{ $value }» non è il codice di una disciplina: scrivi le cifre, se vuoi seguite dal nome (08 - Cardiologia).
lists-wrong-regime = «{ $value }» non è un regime: scrivi «ordinario» o «diurno».
lists-wrong-service = «{ $value }» non è un servizio che conosciamo: scrivi un nome o un codice del registro, oppure un codice del catalogo con il suo nome nella colonna del nome del servizio.
lists-wrong-hours = «{ $value }» non si legge come orario: scrivi per esempio «lun-ven 08:00-14:00 | sab 08:00-12:00» o «tutti 24 ore».
lists-wrong-access = «{ $value }» non è tra le voci dell'accessibilità: usa quelle del registro, per esempio «Ascensore».
lists-wrong-otherwise = La riga dice «{ $value }», ma una riga prima della stessa struttura dice altro: lascia quella giusta.
lists-gathered = con le righe { $lines }
