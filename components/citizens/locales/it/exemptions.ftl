# Esenzioni
exemptions-title = Esenzioni
exemptions-lead = Le esenzioni dal ticket registrate per te, e quelle per reddito che puoi dichiarare.
exemptions-mine = Le tue esenzioni
exemptions-none = Nessuna esenzione registrata.
exemption-from = dal { $date }
exemption-to = al { $date }
exemption-over = non più valida
exemption-soon = Sta per scadere: se la condizione continua, rinnovala.
exemption-end = Termina { $code }
exemption-declare-title = Dichiara un'esenzione per reddito
exemption-declare-which = Quale condizione?
exemption-family = Chi è a tuo carico, se serve (facoltativo)
exemption-declare = Ho letto e dichiaro
exemption-declare-send = Invia l'autocertificazione
exemption-declare-missing = Per inviare l'autocertificazione devi dichiarare di aver letto.
exemption-which = Scegli un'esenzione della tabella.
exemption-age = L'età non è quella prevista per questa esenzione.
exemption-too-long = Il testo è troppo lungo.
exemption-already = Questa esenzione è già valida.
exemption-end-missing = Per questa esenzione serve la data di fine.
exemption-end-before = La fine precede l'inizio.
exemption-declared = Autocertificazione registrata: l'esenzione vale da oggi.
exemption-ended = Esenzione terminata.
exemption-recorded = Esenzione registrata.
exemption-origin-autocertificazione = autocertificata
exemption-origin-elenco-mef = dall'elenco del ministero
exemption-origin-asl = registrata dall'azienda sanitaria
exemptions-desk-title = Esenzioni allo sportello
exemptions-words = Codice o parole dell'esenzione
exemption-new = Registra un'esenzione
exemption-code = Codice di esenzione
exemption-record = Registra
exemptions-row = Riga { $n }
exemptions-list = Elenco per reddito
exemptions-list-lead = L'elenco dell'Agenzia delle entrate e del ministero dell'economia, ricevuto tramite Sistema TS, come CSV.
exemptions-list-given = { $n ->
    [one] Un'esenzione registrata.
   *[other] { $n } esenzioni registrate.
  }
exemptions-list-already = { $n ->
    [one] Una già presente.
   *[other] { $n } già presenti.
  }
exemptions-list-wrong = { $n ->
    [one] Una riga da correggere.
   *[other] { $n } righe da correggere.
  }
exemptions-kinds = Tipi di esenzione, con la fonte
controls-title = Controlli sulle autocertificazioni
controls-lead = Un campione estratto con un seme: chi lo conosce può rifare l'estrazione (D.P.R. 445/2000 art. 71).
controls-open = Da controllare
controls-none = Nessun controllo aperto.
controls-true = Confermata: { $name }
controls-false = Non veritiera: { $name }
controls-draw = Estrai un campione
controls-seed = Seme
controls-count = Quante
controls-why = Perché
controls-samples = Campioni estratti
controls-sample = seme { $seed }, { $n } estratte
controls-missing = Scrivi il seme, il motivo e quante estrarne (al massimo { $max }).
controls-drawn-already = Con questo seme oggi si è già estratto.
controls-drawn = { $n ->
    [one] Estratta una dichiarazione.
   *[other] Estratte { $n } dichiarazioni.
  }
