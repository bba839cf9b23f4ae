//! Results as text for a terminal.

use simulation::{Comparison, Estimate, Metric, Report};
use std::fmt::Write as _;

/// Most rows of one table.
const MAX_ROWS: usize = 60;

/// A duration as people say it.
pub fn time(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let s = seconds.abs();
    if s < 0.5 {
        return "0".into();
    }
    let text = if s < 90.0 {
        format!("{s:.0} s")
    } else if s < 5_400.0 {
        format!("{:.1} min", s / 60.0)
    } else if s < 172_800.0 {
        format!("{:.1} h", s / 3_600.0)
    } else {
        format!("{:.1} d", s / 86_400.0)
    };
    format!("{sign}{text}")
}

fn with(estimate: &Estimate, show: impl Fn(f64) -> String) -> String {
    match estimate.high {
        Some(high) if high - estimate.mean > 0.0 => format!("{} ±{}", show(estimate.mean), show(high - estimate.mean)),
        _ => show(estimate.mean),
    }
}

fn plain(value: f64) -> String {
    if value.abs() >= 100.0 || value.fract().abs() < 1e-9 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// Columns as wide as their widest cell; the first is left-aligned.
fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|c| c.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let gap = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
            if column == 0 {
                format!("{cell}{gap}")
            } else {
                format!("{gap}{cell}")
            }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(out, "  {}", line.trim_end());
    }
    out
}

fn cut(text: &str) -> String {
    if text.chars().count() <= 38 {
        return text.to_owned();
    }
    text.chars().take(37).chain(['…']).collect()
}

fn metric_row(name: &str, metric: &Metric, show: impl Fn(f64) -> String + Copy) -> Vec<String> {
    vec![
        name.to_owned(),
        with(&metric.mean, show),
        show(metric.sd),
        show(metric.p50.mean),
        show(metric.p90.mean),
        show(metric.p95.mean),
        show(metric.max),
    ]
}

/// One run.
pub fn report(report: &Report, italian: bool) -> String {
    let t = |it: &'static str, en: &'static str| if italian { it } else { en };
    let mut out = String::new();
    let title = if report.scenario.is_empty() {
        &report.process
    } else {
        &report.scenario
    };
    let _ = writeln!(out, "{title}: {} ({})", report.process_name, report.process);
    let _ = writeln!(
        out,
        "{} {}, {} {}, {} → {}",
        report.replications,
        t("repliche", "replications"),
        t("seme", "seed"),
        report.seed,
        report.from.strftime("%Y-%m-%d"),
        report.until.strftime("%Y-%m-%d")
    );
    let _ = writeln!(
        out,
        "{}: {} {}, {} {}, {} {}, {} {}, {} {}\n",
        t("Per replica", "Per replication"),
        with(&report.started, plain),
        t("avviate", "started"),
        with(&report.completed, plain),
        t("concluse", "completed"),
        with(&report.terminated, plain),
        t("interrotte da errore", "ended by an error"),
        with(&report.failed, plain),
        t("ferme per incidente", "stopped by an incident"),
        with(&report.live, plain),
        t("ancora in corso", "still alive")
    );
    let money = |value: f64| format!("{value:.2} {}", report.currency);
    let head = |first: &str| {
        let names = [
            first,
            t("media ±IC95", "mean ±CI95"),
            t("dev.st.", "sd"),
            "p50",
            "p90",
            "p95",
            t("max", "max"),
        ];
        names.map(str::to_owned).to_vec()
    };
    out += &columns(&[
        head(t("Istanza", "Instance")),
        metric_row(t("Durata", "Throughput time"), &report.throughput, time),
        metric_row(t("Attesa di risorse", "Waiting for resources"), &report.waiting, time),
        metric_row(t("Lavoro", "Work"), &report.service, time),
        metric_row(t("Costo", "Cost"), &report.cost, money),
    ]);
    elements(report, t, &mut out);
    resources(report, t, &mut out);
    paths(report, t, &mut out);
    for incident in &report.incidents {
        let name = t("Incidente", "Incident");
        let _ = writeln!(
            out,
            "{name} ({}×) {}: {}",
            incident.count, incident.element, incident.message
        );
    }
    for warning in &report.warnings {
        let _ = writeln!(out, "{}: {warning}", t("Nota", "Note"));
    }
    out
}

fn elements(report: &Report, t: impl Fn(&'static str, &'static str) -> &'static str, out: &mut String) {
    let names = [
        t("Attività", "Activity"),
        t("entrate", "entered"),
        t("annullate", "cancelled"),
        t("durata", "time"),
        t("attesa ±IC95", "waiting ±CI95"),
        t("attesa p90", "waiting p90"),
        t("lavoro", "work"),
        t("coda", "queue"),
    ];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    let worth = report
        .elements
        .iter()
        .filter(|element| element.time.max > 0.0 || element.cancelled.mean > 0.0);
    for element in worth.take(MAX_ROWS) {
        rows.push(vec![
            cut(&element.name),
            plain(element.entered.mean),
            plain(element.cancelled.mean),
            time(element.time.mean.mean),
            with(&element.waiting.mean, time),
            time(element.waiting.p90.mean),
            time(element.service.mean.mean),
            plain(element.queue.mean),
        ]);
    }
    let _ = write!(out, "\n{}", columns(&rows));
}

fn resources(report: &Report, t: impl Fn(&'static str, &'static str) -> &'static str, out: &mut String) {
    if report.resources.is_empty() {
        return;
    }
    let names = [
        t("Risorsa", "Resource"),
        t("unità", "units"),
        t("utilizzo ±IC95", "utilisation ±CI95"),
        t("attesa media", "mean waiting"),
        t("coda media", "mean queue"),
        t("coda max", "max queue"),
        t("costo", "cost"),
    ];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    for one in report.resources.iter().take(MAX_ROWS) {
        rows.push(vec![
            cut(&one.name),
            one.capacity.to_string(),
            with(&one.utilisation, |share| format!("{:.1}%", share * 100.0)),
            time(one.waiting.mean.mean),
            plain(one.queue.mean),
            one.queue_max.to_string(),
            format!("{:.2} {}", one.cost.mean, report.currency),
        ]);
    }
    let _ = write!(out, "\n{}", columns(&rows));
    let worst: Vec<String> = report
        .bottlenecks
        .iter()
        .take(5)
        .map(|one| format!("{} ({:.0}%: {})", one.name, one.share * 100.0, one.resources.join(", ")))
        .collect();
    if !worst.is_empty() {
        let _ = writeln!(
            out,
            "\n{}: {}",
            t("Colli di bottiglia", "Bottlenecks"),
            worst.join("; ")
        );
    }
}

fn paths(report: &Report, t: impl Fn(&'static str, &'static str) -> &'static str, out: &mut String) {
    let mut rows = vec![vec![
        t("Esiti e rami", "Ends and branches").to_owned(),
        t("per replica", "per replication").to_owned(),
        "%".to_owned(),
    ]];
    let branches = report.flows.iter().filter(|flow| {
        report.flows.iter().filter(|other| other.source == flow.source).count() > 1 && flow.percent.mean < 99.999
    });
    let ends = report.ends.iter().map(|end| (end, cut(&end.name)));
    let branches = branches.map(|flow| (flow, cut(&format!("{} → {}", flow.source, flow.target))));
    for (one, name) in ends.chain(branches).take(MAX_ROWS) {
        rows.push(vec![
            name,
            plain(one.taken.mean),
            with(&one.percent, |share| format!("{share:.1}")),
        ]);
    }
    let _ = write!(out, "\n{}", columns(&rows));
}

/// Two runs.
pub fn comparison(found: &Comparison, italian: bool) -> String {
    let t = |it: &'static str, en: &'static str| if italian { it } else { en };
    let mut rows = vec![vec![
        t("Confronto", "Comparison").to_owned(),
        found.before.clone(),
        found.after.clone(),
        t("differenza ±IC95", "difference ±CI95").to_owned(),
        String::new(),
    ]];
    for one in found.differences.iter().take(MAX_ROWS) {
        let show = |value: f64| match one.what.as_str() {
            "utilisation" => format!("{:.1}%", value * 100.0),
            "throughput" | "throughput-p90" | "waiting" | "service" | "element-waiting" => time(value),
            _ => plain(value),
        };
        let name = match one.what.as_str() {
            "completed" => t("Concluse", "Completed"),
            "throughput" => t("Durata media", "Mean throughput time"),
            "throughput-p90" => t("Durata, p90", "Throughput time, p90"),
            "waiting" => t("Attesa di risorse", "Waiting for resources"),
            "service" => t("Lavoro", "Work"),
            "cost" => t("Costo per istanza", "Cost of an instance"),
            "alive" => t("In corso, in media", "Alive, on average"),
            "utilisation" => t("Utilizzo", "Utilisation"),
            _ => t("Attesa", "Waiting"),
        };
        let name = if one.name.is_empty() {
            name.to_owned()
        } else {
            format!("{name}: {}", one.name)
        };
        let mark = if one.significant { "*" } else { "" };
        rows.push(vec![
            cut(&name),
            show(one.before.mean),
            show(one.after.mean),
            with(&one.difference, show),
            mark.to_owned(),
        ]);
    }
    let note = if found.paired {
        t(
            "* lo zero è fuori dall'intervallo di confidenza al 95% (repliche appaiate, stessi numeri casuali)",
            "* zero lies outside the 95 % confidence interval (replications paired by common random numbers)",
        )
    } else {
        t(
            "* lo zero è fuori dall'intervallo di confidenza al 95% (Welch; stesso seme e numero di repliche le appaierebbero)",
            "* zero lies outside the 95 % confidence interval (Welch; equal seed and replications would pair them)",
        )
    };
    format!("{}{note}\n", columns(&rows))
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn durations_are_said_as_people_say_them() {
        let told = [0.0, 45.0, 600.0, 7_200.0, 864_000.0, -600.0].map(time);
        assert_eq!(told, ["0", "45 s", "10.0 min", "2.0 h", "10.0 d", "-10.0 min"]);
    }
}
