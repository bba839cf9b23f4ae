# Eventi della vita
events-title = Eventi della vita
events-lead = Nascite, decessi, trasferimenti, emigrazioni, rientri, variazioni e fusioni arrivati dalle anagrafi: che cosa ha causato ciascuno, che cosa aspetta e perché.
events-filter = Stato degli eventi
events-all = Tutti
events-none = Nessun evento.
events-load = Carica un file
events-load-lead = Un evento per riga in JSON (NDJSON), oppure CSV. Un evento già arrivato non si applica due volte.
events-layout = Il tracciato del CSV non è confermato da un testo ministeriale.
events-file = File (al massimo 6 MB)
events-send = Carica
events-no-file = Scegli un file.
events-applied = { $n ->
    [one] Un evento applicato.
   *[other] { $n } eventi applicati.
  }
events-waiting = { $n ->
    [one] Uno in attesa.
   *[other] { $n } in attesa.
  }
events-refused = { $n ->
    [one] Uno rifiutato.
   *[other] { $n } rifiutati.
  }
events-repeated = { $n ->
    [one] Uno già noto.
   *[other] { $n } già noti.
  }
events-invalid = { $n ->
    [one] Una riga non valida.
   *[other] { $n } righe non valide.
  }
event-nascita = Nascita
event-decesso = Decesso
event-trasferimento = Trasferimento
event-emigrazione = Emigrazione
event-rientro = Rientro
event-variazione = Variazione di nome, sesso o codice
event-fusione = Fusione di due schede
event-state-applicato = Applicati
event-state-in-attesa = In attesa
event-state-rifiutato = Rifiutati
event-one-applicato = Applicato
event-one-in-attesa = In attesa
event-one-rifiutato = Rifiutato
event-title = Evento
event-kind = Evento
event-date = Avvenuto il
event-person = Persona
event-state = Stato
event-reason = Motivo
event-remedy = Che cosa fare
event-source = Identificativo della fonte
event-received = Arrivato
event-applied = Applicato
event-by = Inviato da
event-effects = Che cosa è cambiato
event-no-effects = Nulla: era già così.
event-resources = Risorse scritte
event-processes = Processi
event-no-processes = Nessun processo di questa persona è partito o si è mosso.
event-started = avviato
event-moved = si è mosso
event-retry = Riprova ora
event-unreadable = L'evento non si può rileggere.
event-now-applied = Evento applicato.
events-signature = Firma della fonte, se è in un file a parte
events-signature-told = Un file .jws: header..firma. Chi firma è scritto nella configurazione.
event-signer = Firmato da
