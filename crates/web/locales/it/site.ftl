# Layout
skip-links = Salta a
skip-to-content = Vai al contenuto
skip-to-navigation = Vai alla navigazione
health-service = Servizio sanitario regionale
tagline = I percorsi di cura della regione
language = Lingua
main-navigation = Navigazione principale
breadcrumb = Percorso di navigazione
pagination = Pagine dell'elenco
next-page = Pagina successiva
footer-what = sistema informativo del servizio sanitario regionale
footer-license = Software libero con licenza EUPL-1.2. Solo dati necessari, ogni accesso è registrato.
home = Pagina iniziale
go-home = Vai alla pagina iniziale
print = Stampa
confirm = Conferma
cancel = Annulla
required-mark = obbligatorio
sort-ascending = ordine crescente
sort-descending = ordine decrescente
sort-by = Ordina per { $column }

# Accesso
sign-in-title = Accedi
sign-in = Accedi
sign-in-as = Entra
sign-out = Esci
user-name = Nome utente
password = Password
signed-out = Sei uscito. Per continuare accedi di nuovo.
sign-in-wrong = Nome utente o password non corretti. Controlla e riprova.
sign-in-locked = { $seconds ->
    [one] Troppi tentativi non riusciti: riprova fra un secondo.
   *[other] Troppi tentativi non riusciti: riprova fra { $seconds } secondi.
  }
refused-wrong = Non corretto. Controlla e riprova.
refused-ended = È passato troppo tempo: comincia di nuovo.
refused-proof = Prima conferma chi sei.
refused-not-allowed = Non ti è permesso.
refused-own-roles = Nessuno dà ruoli al proprio account: lo fa un altro amministratore.
refused-second-person = Serve una seconda persona: né chi ha dato i ruoli né chi li riceve, né chi ne aspetta di propri, né due persone a vicenda.
refused-unknown = Non c'è (più): forse è già stato tolto.
refused-taken = C'è già: scegli un altro nome.
refused-factor-needed = Il tuo ruolo richiede un secondo fattore: prima di togliere questo, attivane un altro.
refused-too-many = Ne puoi avere al massimo { $max }: prima togline una.
refused-no-passkeys = A questo indirizzo le passkey non funzionano: il sito deve avere un nome di dominio con connessione sicura.
refused-invalid = Valore non valido ({ $field }): { $message }
password-short = La password deve avere almeno { $min } caratteri.
password-long = La password è troppo lunga (al massimo { $max } caratteri).
password-common = È una delle password più usate, o ne contiene una: la proverebbe chiunque. Scegline un'altra.
password-personal = Contiene il tuo nome o il tuo nome utente: scegline un'altra.
password-repetition = È una ripetizione o una sequenza di tasti vicini: scegline un'altra.
password-same = È quella che hai già.
password-differs = Le due password non sono uguali.
password-new = Nuova password
password-again = Ripeti la nuova password
password-help = Almeno 12 caratteri. Una frase di più parole è facile da ricordare e difficile da indovinare.
passkey-sign-in = Accedi con una passkey
passkey-use = Usa una passkey
passkey-failed = La passkey non è stata accettata, oppure hai chiuso la finestra. Riprova.
recover-link = Hai un codice di recupero dall'amministratore?
recover-title = Recupera l'accesso
recover-text = Se non riesci più ad accedere, l'amministratore della tua azienda può darti un codice che vale una volta sola. Scrivilo qui: poi scegli una nuova password.
recover-code = Codice dell'amministratore
step-code-title = Secondo fattore
step-code-text = Apri l'app di autenticazione e scrivi il codice di sei cifre.
step-passkey-text = Usa la tua passkey, oppure scrivi uno dei codici di recupero.
step-code = Codice
step-code-help = Se non hai più l'app, scrivi uno dei tuoi codici di recupero.
step-go-on = Continua
step-begin-again = Ricomincia da capo
step-enrol-title = Attiva il secondo fattore
step-enrol-text = Il tuo ruolo richiede un secondo fattore: senza, non puoi entrare.
step-password-title = Scegli una nuova password
step-password-text = Il codice dell'amministratore vale una volta sola: scegli ora la tua password.
step-choose-title = Come vuoi entrare?
step-choose-text = Hai più ruoli: scegli quello con cui vuoi lavorare adesso. Puoi cambiarlo in ogni momento da «Il mio accesso».
capacity-citizen = Cittadino
totp-install = Installa un'app di autenticazione sul telefono (per esempio FreeOTP, Aegis, Google Authenticator).
totp-scan = Inquadra questo codice con l'app.
totp-qr = Codice QR per l'app di autenticazione
totp-or-type = Se non puoi inquadrarlo, scrivi nell'app questa chiave:
totp-type-code = Scrivi qui il codice di sei cifre che l'app mostra.
totp-code = Codice di sei cifre
totp-activate = Attiva
codes-title = I tuoi codici di recupero
codes-text = Conservali in un posto sicuro: ciascuno ti fa entrare una volta, se perdi il telefono. Non li mostreremo più.
codes-kept = Li ho conservati: continua
acting-region = Per conto di un'altra persona
acting-for = Stai vedendo i dati di { $name }
acting-end = Torna ai tuoi dati
refused-no-capacity = In questo momento non hai un ruolo attivo. Se lavori per il servizio sanitario, chiedi al responsabile degli accessi.
provider-unknown = Questo modo di accedere non è disponibile.
provider-away = Il servizio di identità non risponde o risponde in modo non valido. Riprova fra qualche minuto.
provider-stray = L'accesso è scaduto o era già concluso. Ricomincia.
provider-cancelled = Hai annullato l'accesso, o non hai dato il consenso. Puoi riprovare quando vuoi.
provider-denied = Il servizio di identità non ti ha fatto entrare (codice { $code }). Riprova, oppure rivolgiti al tuo gestore di identità.
provider-token = La risposta del servizio di identità non è valida: per sicurezza non ti abbiamo fatto entrare. Riprova.
provider-level = Serve un livello di sicurezza più alto: accedi con un secondo fattore (SPID livello 2 o CIE).
provider-not-registered = Il tuo codice fiscale non risulta fra gli assistiti né fra il personale di questa regione.
sign-in-with-account = Oppure con nome utente e password
signed-out-title = Sei uscito
signed-out-here = La tua sessione su Sinfonia è chiusa.
signed-out-still = Potresti essere ancora collegato a { $provider }: su un computer condiviso esci anche da lì.
signed-out-there = Esci anche da { $provider }
demo-title = Persone della regione dimostrativa
demo-text = Questa installazione contiene solo persone inventate. Entra con il ruolo che vuoi provare.

# Ruoli
role-mmg = Medico di medicina generale
role-diabetologo = Diabetologo
role-infermiere = Infermiere di famiglia e comunità
role-case-manager = Case manager
role-assistito = Assistito
role-oculista = Oculista
role-cardiologo = Cardiologo
role-nefrologo = Nefrologo
role-podologo = Podologo
role-dietista = Dietista
role-planner = Pianificatore
role-ufficio-privacy = Ufficio protezione dati
role-operatore-cup = Sportello CUP
role-referente-struttura = Referente di struttura
role-operatore-anagrafe = Ufficio anagrafe
role-pls = Pediatra di libera scelta
role-medico = Medico
role-specialista = Medico specialista
role-ostetrica = Ostetrica
role-psicologo = Psicologo
role-fisioterapista = Fisioterapista
role-assistente-sociale = Assistente sociale
role-farmacista = Farmacista
role-ufficio-personale = Ufficio del personale
role-risk-manager = Risk manager
role-programmatore = Programmazione regionale
role-ricercatore = Ricercatore
role-data-manager = Responsabile di flussi e migrazioni
role-admin = Amministratore
role-system = Sistema

# Scadenze
due-none = senza scadenza
due-today = entro oggi
due-overdue-today = scaduto oggi
due-in-days = { $n ->
    [one] entro domani
   *[other] fra { $n } giorni
  }
due-in-weeks = { $n ->
    [one] fra una settimana
   *[other] fra { $n } settimane
  }
due-in-months = { $n ->
    [one] fra un mese
   *[other] fra { $n } mesi
  }
due-overdue-days = { $n ->
    [one] scaduto da un giorno
   *[other] scaduto da { $n } giorni
  }
due-overdue-weeks = { $n ->
    [one] scaduto da una settimana
   *[other] scaduto da { $n } settimane
  }
due-overdue-months = { $n ->
    [one] scaduto da un mese
   *[other] scaduto da { $n } mesi
  }

# Pagine di errore
error-code = Codice { $code }
error-403-title = Non puoi aprire questa pagina
error-403-what = Il tuo ruolo non permette questa operazione.
error-403-remedy = Se ti serve per il tuo lavoro, chiedi al responsabile degli accessi della tua azienda sanitaria.
error-csrf-title = Il modulo non è più valido
error-csrf-what = La pagina da cui hai inviato i dati appartiene a una sessione che si è chiusa. Niente è stato salvato.
error-csrf-remedy = Torna indietro, ricarica la pagina e invia di nuovo.
error-404-title = Pagina non trovata
error-404-what = A questo indirizzo non c'è nulla: forse è stato spostato, concluso o cancellato.
error-404-remedy = Controlla l'indirizzo, oppure riparti dalla pagina iniziale.
error-409-title = Qualcuno è stato più veloce
error-409-what = Mentre lavoravi, un'altra persona ha cambiato gli stessi dati. Le tue modifiche non sono state salvate.
error-409-remedy = Torna indietro, ricarica la pagina per vedere i dati aggiornati e ripeti l'operazione se serve ancora.
error-422-title = I dati inviati non sono validi
error-422-what = Alcuni dati mancano o non sono nel formato giusto. Niente è stato salvato.
error-422-remedy = Torna indietro, correggi e invia di nuovo.
error-429-title = Troppe richieste
error-429-what = Sono arrivate troppe richieste in poco tempo.
error-429-remedy = Aspetta qualche minuto e riprova.
error-500-title = Qualcosa non ha funzionato
error-500-what = È un errore del sistema, non tuo. È stato registrato.
error-500-remedy = Riprova. Se succede ancora, segnala al supporto l'ora e l'indirizzo della pagina.
error-503-title = Servizio non disponibile
error-503-what = In questo momento il sistema non riesce a rispondere.
error-503-remedy = Riprova fra qualche secondo. Quello che avevi già salvato è al sicuro.

opened-emergency = Accesso in emergenza
opened-emergency-region = Accesso in emergenza ai dati di { $name }
opened-unlock = Dati a maggior tutela sbloccati
opened-unlock-region = Dati a maggior tutela sbloccati per { $name }
opened-until = fino alle { $time }
opened-left =
    { $n ->
        [one] resta meno di un minuto
       *[other] restano { $n } minuti
    }
opened-over = tempo scaduto: ricarica la pagina
opened-extend = Serve più tempo
opened-close = Chiudi adesso
role-dpo = Responsabile della protezione dei dati

# Catalogo delle API
api-title = Catalogo delle API
api-text = Le operazioni che altri programmi possono chiamare, oltre a quelle FHIR. Ogni chiamata passa dagli stessi controlli delle pagine ed è registrata.
api-download = Scarica il documento OpenAPI 3.1
api-fhir = Descrizione dell'API FHIR
api-parts = Parti del programma
api-parameters = Parametri
api-required = obbligatorio
api-body = Corpo della richiesta (JSON)
api-answer = Risposta (JSON)
api-who = Chi può chiamarla:
