# Ricerca
search-who = Chi cerchi?
search = Cerca
search-help = Cognome e nome in qualsiasi ordine, anche incompleti o scritti a orecchio; data di nascita; codice fiscale, STP, ENI, numero di tessera; telefono.
search-results = Persone trovate
search-count = { $n ->
    [one] Una persona trovata.
   *[other] { $n } persone trovate.
  }
search-first = Le prime { $n } persone: per restringere, aggiungi il nome o la data di nascita.
search-alike = { $n ->
    [one] Nessuno con questo nome esatto: ecco una persona che gli somiglia.
   *[other] Nessuno con questo nome esatto: ecco { $n } persone che gli somigliano.
  }
search-none-title = Nessuna persona trovata
search-none-text = Controlla come sono scritti nome e data, prova con meno parole, oppure iscrivi la persona.
search-too-wide = Sono troppe: aggiungi il nome, o il giorno di nascita per intero.
found-by-sound = suona simile
found-by-likeness = somiglia
code-none = senza codice
code-cf = Codice fiscale
code-stp = STP
code-eni = ENI
code-team = TEAM
col-name = Persona
col-born = Nascita
col-code = Codice
col-residence = Residenza
col-phone = Telefono
age = { $n ->
    [0] meno di un anno
    [one] un anno
   *[other] { $n } anni
  }
badge-dead = deceduta
badge-inactive = scheda chiusa
person-new = Iscrivi una persona
