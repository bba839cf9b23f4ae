# Exemptions
exemptions-title = Exemptions
exemptions-lead = The exemptions recorded for you, and those by income that you can declare.
exemptions-mine = Your exemptions
exemptions-none = No exemption is recorded.
exemption-from = from { $date }
exemption-to = to { $date }
exemption-over = no longer valid
exemption-soon = It is about to end: renew it if the condition goes on.
exemption-end = End { $code }
exemption-declare-title = Declare an exemption by income
exemption-declare-which = Which condition?
exemption-family = Who depends on you, if needed (optional)
exemption-declare = I have read it and declare it
exemption-declare-send = Send the self-certification
exemption-declare-missing = To send the self-certification you must declare that you have read it.
exemption-which = Choose an exemption of the table.
exemption-age = The age is not that of this exemption.
exemption-too-long = The text is too long.
exemption-already = This exemption holds already.
exemption-end-missing = This exemption needs the day on which it ends.
exemption-end-before = The end is before the beginning.
exemption-declared = Self-certification recorded: the exemption holds from today.
exemption-ended = Exemption ended.
exemption-recorded = Exemption recorded.
exemption-origin-autocertificazione = self-certified
exemption-origin-elenco-mef = from the list of the ministry
exemption-origin-asl = recorded by the health authority
exemptions-desk-title = Exemptions at the desk
exemptions-words = Code or words of the exemption
exemption-new = Record an exemption
exemption-code = Code of the exemption
exemption-record = Record
exemptions-row = Row { $n }
exemptions-list = List by income
exemptions-list-lead = The list of the Tax Agency and of the ministry of finance, received through Sistema TS, as CSV.
exemptions-list-given = { $n ->
    [one] One exemption recorded.
   *[other] { $n } exemptions recorded.
  }
exemptions-list-already = { $n ->
    [one] One was there.
   *[other] { $n } were there.
  }
exemptions-list-wrong = { $n ->
    [one] One row to correct.
   *[other] { $n } rows to correct.
  }
exemptions-kinds = Kinds of exemption, with their source
controls-title = Controls of self-certifications
controls-lead = A sample drawn with a seed: who knows it can draw it again (D.P.R. 445/2000 art. 71).
controls-open = To be checked
controls-none = No control is open.
controls-true = Confirmed: { $name }
controls-false = Not true: { $name }
controls-draw = Draw a sample
controls-seed = Seed
controls-count = How many
controls-why = Why
controls-samples = Samples drawn
controls-sample = seed { $seed }, { $n } drawn
controls-missing = Write the seed, the reason and how many to draw (at most { $max }).
controls-drawn-already = This seed was drawn today.
controls-drawn = { $n ->
    [one] One declaration drawn.
   *[other] { $n } declarations drawn.
  }
