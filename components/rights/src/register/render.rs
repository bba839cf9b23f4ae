//! The register as HTML: a legal document, in Italian.

use super::build::Register;
use std::fmt::Write as _;
use web::Html;

/// A document of its own.
pub fn html(register: &Register) -> String {
    format!(
        "<!doctype html><html lang=\"it\"><head><meta charset=\"utf-8\"><title>Registro delle attività di trattamento</title><style>\
         body{{font:15px/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}}table{{border-collapse:collapse;width:100%}}\
         td,th{{border-bottom:1px solid #ccc;text-align:left;padding:.3rem .5rem;vertical-align:top}}</style></head><body>\
         <h1>Registro delle attività di trattamento</h1>{}</body></html>",
        body(register)
    )
}

/// What stands in it.
pub(super) fn body(register: &Register) -> String {
    let mut out = format!(
        "<p>GDPR art. 30; punto di partenza per la valutazione d'impatto (art. 35). Fatto il {} da ciò che è in funzione. \
         <strong>{} voci da confermare.</strong></p><p>Titolare: {} ({}). Responsabile della protezione dei dati: {}.</p>",
        web::date_time(register.made),
        register.unverified,
        Html::text(&register.controller.name),
        Html::text(&register.controller.contact),
        Html::text(&register.controller.officer)
    );
    processing(&mut out, register);
    keeping(&mut out, register);
    let rows = register.policies.iter().map(|one| {
        let kind = if one.forbids { "vieta" } else { "permette" };
        let texts = [one.id.as_str(), kind, &one.it, &one.source].map(str::to_owned);
        texts.into_iter().chain([state(&one.status)]).collect()
    });
    let title = format!("Regole di accesso in vigore ({})", register.policy_set);
    table(
        &mut out,
        &title,
        &["Regola", "Effetto", "Che cosa dice", "Fonte", "Stato"],
        rows,
    );
    out
}

/// What is done with data, by whom, and who receives it.
fn processing(out: &mut String, register: &Register) {
    let list = |items: &std::collections::BTreeSet<String>| items.iter().cloned().collect::<Vec<_>>().join(", ");
    let rows = register.activities.iter().map(|one| {
        let texts = [&one.name, &one.purpose, &one.basis, &one.subjects, &one.data].map(String::clone);
        texts.into_iter().chain([state(&one.status)]).collect()
    });
    let heads = [
        "Trattamento",
        "Finalità",
        "Base giuridica",
        "Interessati",
        "Dati",
        "Stato",
    ];
    table(out, "Trattamenti", &heads, rows);
    let rows = register.processes.iter().map(|one| {
        let name = format!("{} ({})", one.name, one.key);
        vec![name, list(&one.roles), list(&one.data), one.undeclared.join(", ")]
    });
    let heads = [
        "Processo",
        "Chi vi lavora",
        "Dati dichiarati dai passi",
        "Passi che non dichiarano dati",
    ];
    table(out, "Processi in funzione", &heads, rows);
    let rows = register.recipients.iter();
    let rows = rows.map(|one| vec![one.name.clone(), one.way.clone(), one.data.clone()]);
    table(out, "Destinatari", &["Chi", "Come", "Che cosa"], rows);
}

/// How long data is kept, and what protects it.
fn keeping(out: &mut String, register: &Register) {
    let rows = register.retention.iter();
    let rows = rows.map(|one| {
        vec![
            one.what.clone(),
            one.how_long.clone(),
            one.source.clone(),
            state(&one.status),
        ]
    });
    table(out, "Conservazione", &["Che cosa", "Quanto", "Fonte", "Stato"], rows);
    let rows = register.measures.iter();
    let rows = rows.map(|one| vec![one.name.clone(), one.evidence.clone(), state(&one.status)]);
    table(out, "Misure di sicurezza", &["Misura", "Prova", "Stato"], rows);
}

fn state(status: &str) -> String {
    if status == "confirmed" {
        "confermato"
    } else {
        "DA CONFERMARE"
    }
    .into()
}

fn table(out: &mut String, title: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let _ = write!(
        out,
        "<h2>{0}</h2><div class=\"sf-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table class=\"sf-table\"><thead><tr>",
        Html::text(title)
    );
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{}</th>", Html::text(head));
    }
    out.push_str("</tr></thead><tbody>");
    let mut some = false;
    for row in rows {
        some = true;
        out.push_str("<tr>");
        for cell in row {
            let _ = write!(out, "<td>{}</td>", Html::text(&cell));
        }
        out.push_str("</tr>");
    }
    if !some {
        let _ = write!(out, "<tr><td colspan=\"{}\">Nessuno.</td></tr>", heads.len());
    }
    out.push_str("</tbody></table></div>");
}
