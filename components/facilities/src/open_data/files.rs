//! The rows of the exported files.

use super::{ATTRIBUTION, LICENCE};
use crate::model::Facility;
use crate::register::Register;
use jiff::civil::Date;
use serde_json::{Value, json};

/// Columns of the CSV file.
const COLUMNS: [&str; 20] = [
    "data",
    "id",
    "codice_hsp",
    "codice_sts",
    "codice_fls",
    "nome",
    "tipo",
    "natura",
    "parte_di",
    "asl",
    "indirizzo",
    "comune_istat",
    "comune",
    "provincia",
    "latitudine",
    "longitudine",
    "precisione",
    "telefono",
    "posti_letto",
    "origine",
];

/// One line a structure.
pub fn csv(all: &[Facility], register: &Register, day: Date) -> String {
    let mut text = web::csv::line(&COLUMNS.map(str::to_owned), ',');
    for one in all {
        let code = |kind: &str| one.identifier(kind).unwrap_or_default().to_owned();
        let degrees = |which: fn((f64, f64)) -> f64| one.position.map(|at| which(at).to_string()).unwrap_or_default();
        let phone = one.contacts.iter().find(|contact| contact.kind == "phone");
        let beds: u32 = one.beds.iter().map(|beds| beds.count).sum();
        text.push_str(&web::csv::line(
            &[
                day.to_string(),
                one.id.clone(),
                code("HSP"),
                code("STS"),
                code("FLS"),
                one.name.clone(),
                one.kind.clone(),
                one.nature.clone(),
                one.part_of.clone().unwrap_or_default(),
                register
                    .asl(one)
                    .and_then(|asl| asl.identifier("FLS"))
                    .unwrap_or_default()
                    .to_owned(),
                one.address.clone(),
                one.municipality.clone(),
                one.city.clone(),
                one.province.clone(),
                degrees(|at| at.0),
                degrees(|at| at.1),
                one.precision.clone(),
                phone.map(|phone| phone.value.clone()).unwrap_or_default(),
                if beds == 0 { String::new() } else { beds.to_string() },
                one.origin.clone(),
            ],
            ',',
        ));
    }
    text
}

/// One feature a structure that has a position (RFC 7946: longitude first).
pub fn geojson(all: &[Facility], day: Date) -> Value {
    let features = all.iter().filter_map(|one| {
        let (latitude, longitude) = one.position?;
        Some(json!({
            "type": "Feature", "id": one.id,
            "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
            "properties": {
                "nome": one.name, "tipo": one.kind, "comune": one.city, "comune_istat": one.municipality, "indirizzo": one.address,
                "codice_hsp": one.identifier("HSP"), "codice_sts": one.identifier("STS"), "precisione": one.precision,
                "servizi": one.services.iter().map(|service| &service.code).collect::<Vec<_>>(), "origine": one.origin,
            },
        }))
    });
    json!({
        "type": "FeatureCollection", "name": "Strutture sanitarie", "date": day, "license": LICENCE, "attribution": ATTRIBUTION,
        "features": features.collect::<Vec<_>>(),
    })
}
