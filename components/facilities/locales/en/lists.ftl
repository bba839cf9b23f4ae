# Lists of structures to be compared with the registry
lists-title = Lists to compare
lists-lead = Bring a list of structures from a file: each row is compared with the registry, you look at what is not sure, then all is written together. As long as nobody changes the structures, it can be taken back.
lists-file = CSV file
lists-file-help = The first row names the columns. At most { $rows } rows and { $mb } MB; commas, semicolons or tabs.
lists-upload = Load and compare
lists-brought = Lists brought
lists-none = None so far.
lists-when = When
lists-who = Who
lists-rows = Rows
lists-by = Brought by { $who } on { $when }.
lists-again = The same file was written before: what was decided then holds.
lists-stage-review = To be reviewed
lists-stage-writing = Writing stopped
lists-stage-done = Written to the registry
lists-stage-undone = Taken back
lists-begun = This list was written or taken back already.
lists-no-undo = There is nothing to take back.
lists-stopped = Writing stopped: you can let it go on, nothing is written twice.
lists-go-on = Go on
lists-undo = Take back what was written
lists-undo-text = New structures are removed and changed ones are again as they were. Those that somebody changed since, or that something else depends on by now, stay.
lists-undo-do = Take back
lists-undone = What could be is again as it was.
lists-count-new = New
lists-count-changed = Changed
lists-count-same = The same already
lists-count-ceased = Ceased
lists-count-left = Rows left out
lists-count-undone = Again as they were
lists-count-kept = Kept, as changed since
lists-columns = Columns, kind and completeness
lists-columns-help = We guessed what each column is: correct it where needed.
lists-column = Column
lists-example = Example
lists-field = Field
lists-field-of = Field of the column { $column }
lists-leave = do not use
lists-kind = Kind of the rows that say none
lists-kind-none = none
lists-whole = The list is complete for
lists-whole-help = If it is complete, you see the structures of the same kinds that the registry has and the list lacks.
lists-whole-no = it is not complete
lists-whole-region = the whole region
lists-columns-save = Save and compare again
lists-mapped = Saved: the rows were compared again.
lists-twice = Two columns are “{ $field }”: leave one.
lists-write = What is written
lists-will-change = { $n ->
    [0] No structure changes.
    [one] One structure changes.
   *[other] { $n } structures change.
  }
lists-will-new = { $n ->
    [0] None is new.
    [one] One is new.
   *[other] { $n } are new.
  }
lists-will-cease = { $n ->
    [one] One ceases.
   *[other] { $n } cease.
  }
lists-will-leave = { $n ->
    [one] One undecided row is left out.
   *[other] { $n } undecided rows are left out.
  }
lists-apply = Write to the registry
lists-applied = The list was written to the registry.
lists-download = Download the proposals (CSV)
lists-views = Rows to show
lists-view-perhaps = To look at
lists-view-changes = Changing
lists-view-new = New
lists-view-same = Same
lists-view-wrong = With errors
lists-view-elsewhere = Of other regions
lists-view-missing = Missing in the list
lists-view-none = No rows.
lists-missing = Structures that cease today
lists-missing-text = The registry has these structures and the list does not. Tick those that are no more; the others stay.
lists-missing-none = The list has all structures of its kinds.
lists-missing-save = Save
lists-ceasing = { $n ->
    [one] One structure will cease when you write the list.
   *[other] { $n } structures will cease when you write the list.
  }
lists-line = Row { $n }
lists-nameless = Without a name
lists-verdict-same = In the registry
lists-verdict-perhaps = Perhaps in the registry
lists-verdict-new = Not in the registry
lists-verdict-wrong = With errors
lists-verdict-elsewhere = Of another region
lists-which = Which structure it is
lists-score = name { $n }% alike
lists-is-new = A new structure
lists-is-other = Another structure of the registry
lists-other = Its code, or its whole name
lists-other-unknown = “{ $text }” is neither the code of a structure nor a name that only one has.
lists-is-ignored = None: leave the row out
lists-lacks = To write it as new it lacks: { $fields }.
lists-differences = Differences
lists-registry = In the registry
lists-list = In the list
lists-nothing = (nothing)
lists-decide = Save the decision
lists-decided = Row { $n }: decision saved.
lists-undecided = Choose which structure the row is.
lists-reason-code = same code
lists-reason-code-differs = another code
lists-reason-name = same name
lists-reason-name-like = very similar name
lists-reason-name-somewhat = somewhat similar name
lists-reason-name-unlike = another name
lists-reason-place = same municipality
lists-reason-place-differs = another municipality
lists-reason-place-unknown = municipality not given
lists-reason-near = same point on the map
lists-reason-kind-differs = another kind
lists-reason-address = same address
lists-reason-ceased = ceased in the registry
lists-reason-doubted = the name is another structure's
lists-reason-twin = another has almost the same name
lists-reason-taken = another row is the same structure
lists-reason-only = only one of this kind in the municipality
lists-reason-chosen = chosen by hand
lists-field-id = Identifier in the registry
lists-field-codice = Code (HSP or STS)
lists-field-codice_hsp = HSP code
lists-field-codice_sts = STS code
lists-field-codice_fls = ASL code (FLS)
lists-field-partita_iva = VAT number
lists-field-nome = Name
lists-field-tipo = Kind
lists-field-regione = Region
lists-field-asl = ASL
lists-field-comune = Municipality
lists-field-comune_istat = Municipality (ISTAT code)
lists-field-indirizzo = Address
lists-field-telefono = Phone
lists-field-email = E-mail
lists-field-sito = Web site
lists-field-latitudine = Latitude
lists-field-longitudine = Longitude
lists-field-posizione = Coordinates
lists-field-stato = State
lists-wrong-hsp = “{ $value }” is no HSP code: it has six digits, or eight for a building.
lists-wrong-sts = “{ $value }” is no STS code: it has six letters or digits.
lists-wrong-fls = “{ $value }” is no code of an ASL: it has six digits.
lists-wrong-code = “{ $value }” has the form of neither an HSP code (six or eight digits) nor an STS code (six letters or digits).
lists-wrong-vat = “{ $value }” is no VAT number: it has eleven digits, the last of which checks the others.
lists-wrong-kind = “{ $value }” is no kind of structure we know: use a name or a code of the registry's kinds.
lists-wrong-place = “{ $value }” is no municipality of Campania: write its name or ISTAT code.
lists-wrong-position = “{ $value }” is no point in Campania: write degrees such as 40.85 and 14.25, and check that they are not swapped.
lists-wrong-email = “{ $value }” is no e-mail address.
lists-wrong-site = “{ $value }” is no address of a web site.
lists-wrong-asl = “{ $value }” is no ASL of Campania: write its name or code.
lists-wrong-long = The text is too long: at most 300 characters.
lists-wrong-nameless = The row has neither a name nor a code.
lists-wrong-twice = The code { $value } stands in an earlier row: remove one.
code-PIVA = VAT number
lists-field-disciplina = Discipline (code)
lists-field-nome_disciplina = Name of the discipline
lists-field-regime = Regime of the beds
lists-field-posti_letto = Beds
lists-field-servizio = Service (code or name)
lists-field-nome_servizio = Name of the service
lists-field-orari_servizio = Hours of the service
lists-field-attrezzatura = Equipment
lists-field-numero_attrezzature = How many machines
lists-field-accessibilita = Accessibility
lists-field-orari = Opening hours
lists-field-servizi = Services
lists-field-attrezzature = Equipment
lists-wrong-number = “{ $value }” is no number from 0 to 5,000.
lists-wrong-discipline = “{ $value }” is no code of a discipline: write its digits, with the name after them if you like (08 - Cardiologia).
lists-wrong-regime = “{ $value }” is no regime: write “ordinario” (inpatient) or “diurno” (day).
lists-wrong-service = “{ $value }” is no service we know: write a name or code of the registry, or a code of the catalogue with its name in the column for names of services.
lists-wrong-hours = “{ $value }” cannot be read as hours: write for example “lun-ven 08:00-14:00 | sab 08:00-12:00” or “tutti 24 ore”.
lists-wrong-access = “{ $value }” is none of the items of accessibility: use those of the registry, such as “Ascensore”.
lists-wrong-otherwise = The row says “{ $value }”, an earlier row of the same structure says otherwise: leave the right one.
lists-gathered = with the rows { $lines }
