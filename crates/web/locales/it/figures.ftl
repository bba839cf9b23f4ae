# Grafici e diagrammi
chart-none = Nessuna misura di { $title }.
chart-summary = { $title }: { $n ->
    [one] una misura, { $last } { $unit } il { $to }
   *[other] { $n } misure dal { $from } al { $to }, ultima { $last } { $unit }
  }.
chart-table = Tabella dei dati
chart-date = Data
diagram-none = Il modello non contiene il disegno del processo.
diagram-summary = { $title }. Passi attivi: { $active }.
diagram-summary-none = { $title }. Nessun passo attivo.
diagram-active = Passi attivi
diagram-ended = Nessuno: il percorso è concluso.
