doctor-sound = Tutto in ordine.
doctor-problems = { $n ->
    [one] c'è un problema: la riga con «ERRORE» dice quale e che cosa fare
   *[other] ci sono { $n } problemi: le righe con «ERRORE» dicono quali e che cosa fare
 }
doctor-mark-good = bene
doctor-mark-warning = ATTENZIONE
doctor-mark-wrong = ERRORE
doctor-part-disk = Disco
doctor-part-clock = Orologio
doctor-part-certificate = Certificato
doctor-part-store = Archivio
doctor-part-work = Lavoro in attesa
doctor-part-audit = Registro degli accessi
doctor-disk-free = { $gigabytes } GB liberi
doctor-disk-low = restano solo { $gigabytes } GB liberi: aggiungere spazio, o togliere copie vecchie, prima che le scritture si fermino
doctor-disk-unknown = il sistema non dice quanto spazio resta: guardarlo con «df -h» nella cartella dei dati
doctor-disk-flush = una scrittura arriva sul supporto in { $micros } µs (mediana di { $n })
doctor-disk-slow = una scrittura arriva sul supporto in { $micros } µs (mediana di { $n }): oltre 20.000 µs ogni salvataggio si fa aspettare; usare un disco locale o un controller con memoria protetta
doctor-disk-unwritable = non si può scrivere nella cartella dei dati ({ $error }): controllare proprietario e permessi
doctor-clock-fits = l'ora del sistema non è prima dell'ultimo accesso registrato
doctor-clock-behind = l'ora del sistema è { $seconds } secondi indietro rispetto all'ultimo accesso registrato: attivare la sincronizzazione (NTP) e correggere l'ora prima di servire
doctor-clock-unset = l'ora del sistema è prima della data di questo programma: impostarla e attivare la sincronizzazione (NTP) prima di servire
doctor-clock-database = l'orologio di questa macchina differisce di { $seconds } secondi da quello della base di dati (con il segno meno è indietro): attivare la sincronizzazione (NTP) su entrambe le macchine prima di servire
doctor-clock-node = l'orologio del nodo { $address } differisce di { $seconds } secondi da quello della base di dati (con il segno meno è indietro): attivare la sincronizzazione (NTP) su quella macchina
doctor-certificate-none = nessuno indicato (--tls-cert): non guardato
doctor-certificate-valid = valido ancora { $days } giorni
doctor-certificate-soon = { $days ->
    [0] scade entro un giorno
    [one] scade fra un giorno
   *[other] scade fra { $days } giorni
 }: rinnovarlo
doctor-certificate-over = scaduto: i browser rifiutano la connessione; rinnovarlo subito
doctor-certificate-early = non ancora valido: controllare l'ora del sistema e il certificato
doctor-certificate-unreadable = non si riesce a leggerlo ({ $error }): indicare con --tls-cert la catena dei certificati in formato PEM
doctor-store-sound = integro: { $resources } risorse, { $rows } righe d'indice, { $versions } versioni lette
doctor-store-database = integro: conteggi e indice confrontati con ogni risorsa
doctor-store-problem = non è integro ({ $error }): fermare il programma, conservare questo archivio com'è e ripristinare l'ultima copia verificata
doctor-store-schema = lo schema è quello di questo programma
doctor-audit-whole = { $records } accessi, nessuno cambiato, tolto o aggiunto
doctor-audit-broken = la catena è rotta: { $error }. Conservare questo archivio com'è, avvisare il responsabile della protezione dei dati, confrontare con una copia
doctor-work-none = niente di fermo
doctor-work-timers = { $n ->
    [one] un timer è scaduto da { $minutes } minuti e non è scattato
   *[other] { $n } timer sono scaduti, il più vecchio da { $minutes } minuti, e non sono scattati
 }: scattano quando il programma serve; se sta servendo, guardare il suo registro
doctor-work-outbox = { $n ->
    [one] un evento è fermo
   *[other] { $n } eventi sono fermi
 } in uscita da più di dieci minuti: l'invio riprende quando il programma serve; se sta servendo, guardare il suo registro
doctor-work-incidents = { $n ->
    [one] un incidente aperto aspetta una persona
   *[other] { $n } incidenti aperti aspettano una persona
 }: vedere Gestione, Incidenti
doctor-work-dead = { $n ->
    [one] una notifica è stata abbandonata
   *[other] { $n } notifiche sono state abbandonate
 }: controllare che i destinatari rispondano, poi ripeterle
