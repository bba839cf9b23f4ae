# Charts and diagrams
chart-none = No measurement of { $title }.
chart-summary = { $title }: { $n ->
    [one] one measurement, { $last } { $unit } on { $to }
   *[other] { $n } measurements from { $from } to { $to }, last { $last } { $unit }
  }.
chart-table = Data table
chart-date = Date
diagram-none = The model holds no drawing of the process.
diagram-summary = { $title }. Active steps: { $active }.
diagram-summary-none = { $title }. No active step.
diagram-active = Active steps
diagram-ended = None: the pathway has ended.
