# Common words
filter = Filter
search = Search
open = Open
choose = Choose
reason = Reason
retry = Try again
yes = yes
no = no
never = never
order = Order by
since = since { $date }
previous-page = Previous page
export-csv = Download the list (CSV)
whose = Whose
whose-own = My patients
whose-all = Everyone
version = version { $n }
sex-female = female
sex-male = male
sex-other = other
sex-unknown = not stated

# Tasks
tasks-title = Tasks
tasks-views = Lists of tasks
view-mie = Mine
view-ruolo = To take
view-scadute = Overdue
view-concluse = Done by me
view-ruolo-assistito = To do
view-scadute-assistito = Overdue
view-concluse-assistito = Done
tasks-search = Person
tasks-count = { $n ->
    [0] No tasks
    [one] One task
   *[other] { $n } tasks
  }
tasks-none-title = Nothing to do here
tasks-none-text = When a pathway needs you, its task will appear in this list.
tasks-notfound-title = No task found
tasks-notfound-text = Check the name, or remove the filter.
task-what = Task
task-patient = Person
task-due = Due
task-ended = Done on
task-actions = Actions
task-urgent = urgent
task-pathway = Pathway
task-holder = Held by
task-for-role = anyone with the role: { $roles }
task-context = What you need to know
task-no-form = This task has no form: confirm it when it is done.
task-no-form-title = Confirm
task-not-yours = Somebody else holds this task: you can read it, not complete it.
task-not-your-role = This task is for another role: you can read it, not complete it.
task-claimed = You have taken the task.
task-unclaimed = You gave the task back: a colleague can take it now.
task-reassigned = Task handed over.
task-completed = Task completed: { $name }.
task-already-done = This task is already done.
task-no-answers = No answers were recorded for this task.
task-done-by = Done by
only-your-own = You can see only your own page.
task-of-staff = This task belongs to those who care for you: your own page shows where it stands.
claim = Take it
unclaim = Give it back
complete = Save and complete
reassign = Hand over to a colleague
reassign-to = To whom
reassign-reason = Why
reassign-reason-missing = Write why you hand it over.
reassign-person-missing = Choose the colleague to hand it to.
state-ready = to take
state-in-progress = held
state-completed = done
state-cancelled = cancelled: no longer needed

# People
patients-title = People
patients-search = Find a person
patients-search-help = Name, birth date (21/11/1950) or codice fiscale
patients-count = { $n ->
    [0] Nobody found
    [one] One person
   *[other] { $n } people
  }
patients-first-50 = (the first 50 are shown: add a name or the birth date)
patients-none-title = Nobody found
patients-none-text = Check the spelling, or search by birth date or codice fiscale.
patient-name = Name
patient-born = Born
patient-age = { $n ->
    [one] one year old
   *[other] { $n } years old
  }
patient-sex = Sex
patient-cf = Tax code (codice fiscale)
patient-city = Town
patient-phone = Phone
patient-address = Address
patient-doctor = Doctor
patient-died = Died on
patient-dead = dead

# A person's page
in-page = On this page
section-pathway = Care pathway
section-values = Values over time
section-problems = Problems
section-therapy = Current therapy
section-timeline = What happened
pathway-since = since { $date }
pathway-todo = To do
pathway-nothing-todo = No open task: the pathway waits for its next date.
pathway-waiting = Waiting
pathway-wait-until = { $name } ({ $date })
pathway-none = No care pathway in progress.
pathway-incident = The pathway stopped for a technical problem: the administrator is on it.
pathways-ended = Ended pathways
pathway-running = in progress
diagram-live = here now
start-pathway = Start a pathway
values-none = No value recorded.
values-none-of = No value recorded for: { $name }.
value-hba1c = HbA1c
value-glicemia = Fasting glucose
value-ldl = LDL cholesterol
value-egfr = Glomerular filtration rate
value-acr = Urine albumin/creatinine
value-sistolica = Systolic pressure
value-diastolica = Diastolic pressure
value-peso = Weight
value-bmi = Body mass index
chart-target = target
problems-none = No problem recorded.
problem-resolved = resolved
therapy-none = No therapy recorded.
timeline-none = Nothing has happened yet.
timeline-earlier = Show earlier
kind-encounter = Contact
kind-condition = Diagnosis
kind-procedure = Procedure
kind-diagnosticreport = Report
kind-immunization = Vaccination
kind-task = Pathway task

# Starting a pathway
start-title = Start a pathway
start-which = Which pathway?
start-running = Pathways already in progress for this person:
start-none = No pathway is available: ask the administrator to publish one.
start-what-happens = The first task of the pathway will at once appear in the lists of those who do it.
start-already = This pathway is already in progress for this person.
start-done = Pathway started.
start-dead = A pathway cannot be started for a dead person.

# Pathway
pathway-state = State
pathway-started = Started on
pathway-ended = Ended on
pathway-now = Where it stands
pathway-diagram = Diagram
pathway-actions = Actions
pathway-history = History
pathway-stopped-at = Stopped at «{ $element }»
instance-active = in progress
instance-completed = completed
instance-terminated = terminated
instance-incident = stopped by a problem
action-anticipate = Bring the check forward
action-anticipate-text = The next check begins now, without waiting for its date.
action-exit = Close the pathway
action-exit-text = Open tasks are cancelled and the doctor receives the closing form. This cannot be undone.
message-sent = Request sent: the pathway has moved on.
message-nobody-waits = The pathway does not wait for this request at the moment.
message-unknown = There is no such request.
message-reason-missing = Write the reason for the request.
history-more = Go on with the history
event-started = Pathway started
event-task-created = New task: { $name }
event-task-completed = Task completed: { $name }
event-task-cancelled = Task cancelled: { $name }
event-task-claimed = Task taken
event-task-released = Task given back
event-task-reassigned = Task handed over to a colleague
event-task-delegated = Task delegated
event-task-resolved = Task handed back to the one who delegated it
event-task-changed = Due date or priority of a task changed
event-task-commented = Note added to a task
event-task-attached = Document attached to a task
event-operated = Command of the operators
event-modified = Pathway corrected by hand
event-migrated = Pathway moved to the new version of the model
event-suspended = Pathway suspended
event-resumed = Pathway resumed
event-decided = Decision: { $name }
event-timer = Date reached: { $name }
event-message = Received: { $name }
event-incident = Problem: { $name }
event-incident-resolved = Problem solved
event-completed = Pathway completed
event-terminated = Pathway terminated
unnamed-step = unnamed step
rule-applied = Rule { $id }: { $source }{ $status }
rule-confirmed = {""}
rule-unverified = {" "}(source to be confirmed)
actor-timer = due date
actor-hub = new clinical fact
actor-system = system
actor-message = message

# Pathways in progress
cases-title = Pathways in progress
cases-search = Person
cases-count = { $n ->
    [0] No pathway
    [one] One pathway, { $late } with overdue tasks
   *[other] { $n } pathways, { $late } with overdue tasks
  }
cases-truncated = (the first 1000 are shown)
cases-none-title = No pathway in progress
cases-none-text = Remove the filters, or start a pathway from a person's page.
all-phases = All
late-any = All
late-only = Only with delays
order-due = next due date
order-name = name
order-contact = last contact (oldest first)
order-phase = phase
case-name = Person
case-age = Age
case-phase = Phase
case-next = Next step
case-due = Due
case-late = Delays
case-late-n = { $n } overdue
case-contact = Last contact
incident = stopped

# Incidents
incidents-title = Incidents
incidents-none-title = No incident
incidents-none-text = Every pathway moves by itself.
incidents-count = { $n ->
    [one] One pathway is stopped
   *[other] { $n } pathways are stopped
  }
incident-retried = The step was tried again.
open-pathway = Open the pathway

# Models
models-title = Models
model = Model
model-id = Identifier
model-version = Version
model-deployed-on = Published on
model-new = Publish a model
model-new-text = BPMN (.bpmn), DMN (.dmn) or FHIR Questionnaire (.json). A model with errors is refused, with line and remedy.
model-file = File name
model-text = Content
model-deploy = Publish
model-deployed = Published: { $keys }
model-refused = The model was refused:
model-source = Source
model-download = Download the file

# What the pathway knows
var-criteri-motivo = Enrolment criterion
var-classe = Complexity
val-classe = class { $v } of 4
var-stratificazione-motivo = Reason for the class
var-piano-target-testo = HbA1c target
var-adeguamento-suggerimento = Therapy suggestion
var-ritardo-motivo = Delay
var-obiettivoAssistito = Goal the person chose
var-canaleContatto = How to reach them
var-fasciaOraria = When
var-ostacoli = Obstacles
var-motivo = Reason
code-telefono = telephone
code-messaggio = message
code-familiare = through a relative
code-ambulatorio = at the surgery
code-mattina = morning
code-pomeriggio = afternoon
code-sera = evening
code-nessuno = none
code-trasporto = transport
code-lavoro = work
code-lingua = language
code-solitudine = loneliness
code-altro = other
var-piano-visitaMesi = Check-up visit
val-piano-visitaMesi = every { $v } months
var-piano-hba1cMesi = HbA1c
val-piano-hba1cMesi = every { $v } months
var-piano-lipidiMesi = Lipids
val-piano-lipidiMesi = every { $v } months
var-piano-reneMesi = Renal function
val-piano-reneMesi = every { $v } months
var-piano-occhioMesi = Eye fundus
val-piano-occhioMesi = every { $v } months
var-piano-piedeMesi = Foot examination
val-piano-piedeMesi = every { $v } months
var-piano-ecgMesi = Electrocardiogram
val-piano-ecgMesi = every { $v } months

# Simulations
sim-title = Simulations
sim-intro = What would happen with other arrivals, hours or people? The process runs on a virtual clock: no real case is touched.
sim-which = Process
sim-prepare = Prepare a scenario
sim-kept = Simulations
sim-none-title = No simulation
sim-none-text = Choose a process and prepare a scenario. Simulations are kept until the system restarts.
sim-name = Name of the scenario
sim-process = Process
sim-status = Status
sim-when = When
sim-status-waiting = Waiting
sim-status-running = Running
sim-status-done = Done
sim-status-failed = Failed
sim-status-cancelled = Cancelled
sim-edit-title = Scenario
sim-default-name = { $process }: as it is
sim-from-history = { $n ->
    [0] No case in the history: the scenario starts from defaults.
    [one] Proposed from one case of the history.
   *[other] Proposed from { $n } cases of the history.
  }
sim-refused = The scenario needs correcting:
sim-bad-number = “{ $value }” is not a valid number
sim-text-object = The text of the scenario must be a JSON object in braces
sim-text-wrong = The text of the scenario is not JSON: { $error }
sim-per-day = Arrivals a day
sim-months = Length (months)
sim-replications = Replications
sim-seed = Seed of the random numbers
sim-resources = Resources
sim-resources-none = No resource: work waits for nobody. Add one and give it to the tasks.
sim-resource = Resource
sim-units = Units
sim-hours = Hours
sim-hours-same = as in the scenario
sim-hourly = Cost per hour
sim-new-resource = New resource
sim-tasks = Tasks
sim-task = Task
sim-tasks-help = A new duration takes the place of the scenario's; leave it empty to keep it.
sim-now = Duration in the scenario
sim-now-default = default
sim-minutes = New mean duration (minutes)
sim-shape = Distribution
sim-shape-exponential = exponential
sim-shape-constant = constant
sim-shape-triangular = triangular (±50 %)
sim-shape-lognormal = lognormal
sim-resource-same = as in the scenario
sim-resource-free = no resource
sim-text = The whole scenario (JSON)
sim-text-help = Everything that can be said of a scenario; the fields above come first. The guide is docs/simulation.md.
sim-play = Run the simulation
sim-begun = The simulation is queued.
sim-cancelled = The simulation was stopped.
sim-cancel = Stop the simulation
sim-progress = { $percent } % done
sim-csv = Download the results (CSV)
sim-vary = Change something and try again
sim-compare = Compare
sim-compare-with = Compare with
sim-compare-title = Comparison
sim-compare-text = “{ $before }” and “{ $after }”; the difference is the second less the first.
sim-paired = Replications are paired: both drew the same random numbers.
sim-unpaired = Replications are not paired: with the same seed and number of replications the comparison would be sharper.
sim-difference = Difference
sim-significant = Zero lies outside the interval
sim-played = { $n } replications, { $instances } instances in all.
sim-interval = After ± stands half of the 95 % confidence interval.
sim-no-result = The simulation has no result yet
sim-instances = Instances in a replication
sim-measure = Measure
sim-started = Started
sim-completed = Completed
sim-terminated = Ended by an error
sim-failed = Stopped by an incident
sim-live = Still alive at the end
sim-alive = Alive, on average
sim-times = Times and costs of an instance
sim-throughput = Throughput time
sim-waiting = Waiting for resources
sim-waiting-p90 = Waiting, 90th percentile
sim-service = Work
sim-cost = Cost
sim-mean = Mean
sim-sd = Standard deviation
sim-p50 = Median
sim-p90 = 90th percentile
sim-p95 = 95th percentile
sim-utilisation = Utilisation
sim-queue = Mean queue
sim-queue-max = Longest queue
sim-entered = Entered
sim-broken = Broken off
sim-paths = Ends and branches
sim-path = Branch
sim-taken = Times
sim-percent = Share
sim-bottlenecks = Bottlenecks
sim-chart-utilisation = Utilisation of resources, with the 95 % interval
sim-chart-waiting = Mean waiting by task, with the 95 % interval
sim-unit-s = s
sim-unit-min = min
sim-unit-h = hours
sim-unit-d = days
sim-what-completed = Completed
sim-what-throughput = Mean throughput time
sim-what-throughput-p90 = Throughput time, 90th percentile
sim-what-waiting = Waiting for resources
sim-what-service = Work
sim-what-cost = Cost of an instance
sim-what-alive = Alive, on average
sim-what-utilisation = Utilisation
sim-what-element-waiting = Waiting
