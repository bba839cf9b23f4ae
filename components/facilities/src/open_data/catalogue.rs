//! The description of the data set (DCAT-AP_IT 1.0, AgID: linee guida catalogazione dati), JSON-LD.

use super::LICENCE;
use jiff::civil::Date;
use serde_json::{Value, json};

/// Formats by their path, file type of the EU and media type.
const FILES: [(&str, &str, &str); 3] = [
    ("structures.csv", "CSV", "text/csv"),
    ("structures", "JSON", "application/json"),
    ("structures.geojson", "GEOJSON", "application/geo+json"),
];

/// The catalogue with its one data set. `base`: address of the site, no path.
pub fn dcat(base: &str, today: Date) -> Value {
    let it = |text: &str| json!({"@language": "it", "@value": text});
    let day = json!({"@type": "xsd:date", "@value": today.to_string()});
    let agent = json!({
        "@id": format!("{base}/strutture#ente"), "@type": ["dcatapit:Agent", "foaf:Agent"],
        "foaf:name": it("Regione Campania (installazione dimostrativa)"), "dct:identifier": "r_campan",
    });
    let licence = json!({
        "@id": LICENCE, "@type": ["dcatapit:LicenseDocument", "dct:LicenseDocument"], "foaf:name": it("Creative Commons Attribuzione 4.0"),
        "dct:type": {"@id": "http://purl.org/adms/licencetype/Attribution"}, "owl:versionInfo": "4.0",
    });
    let distributions = FILES.iter().map(|(path, format, media)| {
        json!({
            "@id": format!("{base}/facilities/{path}"), "@type": ["dcatapit:Distribution", "dcat:Distribution"],
            "dct:title": it(&format!("Strutture sanitarie, {format}")),
            "dcat:accessURL": {"@id": format!("{base}/strutture/dati-aperti")},
            "dcat:downloadURL": {"@id": format!("{base}/facilities/{path}")},
            "dct:format": {"@id": format!("http://publications.europa.eu/resource/authority/file-type/{format}")},
            "dcat:mediaType": media, "dct:license": licence, "dct:modified": day,
        })
    });
    let theme =
        |code: &str| json!({"@id": format!("http://publications.europa.eu/resource/authority/data-theme/{code}")});
    let dataset = json!({
        "@id": format!("{base}/strutture#dati"), "@type": ["dcatapit:Dataset", "dcat:Dataset"],
        "dct:identifier": "r_campan:strutture-sanitarie", "dct:title": it("Anagrafe regionale delle strutture sanitarie"),
        "dct:description": it("Strutture sanitarie della Campania: gerarchia, codici, indirizzi, posizioni, servizi, posti letto, alla data."),
        "dcat:theme": theme("HEAL"), "dct:accrualPeriodicity": {"@id": "http://publications.europa.eu/resource/authority/frequency/CONT"},
        "dct:issued": day, "dct:modified": day, "dct:rightsHolder": agent, "dct:publisher": agent,
        "dct:language": {"@id": "http://publications.europa.eu/resource/authority/language/ITA"},
        "dct:spatial": {"@type": "dct:Location", "dcatapit:geographicalIdentifier": {"@id": "http://publications.europa.eu/resource/authority/atu/ITA_REG_CAM"}},
        "dcat:distribution": distributions.collect::<Vec<_>>(),
    });
    json!({
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "dcatapit": "http://dati.gov.it/onto/dcatapit#",
            "foaf": "http://xmlns.com/foaf/0.1/", "owl": "http://www.w3.org/2002/07/owl#", "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": format!("{base}/facilities/catalogue.jsonld"), "@type": ["dcatapit:Catalog", "dcat:Catalog"],
        "dct:title": it("Dati aperti delle strutture sanitarie"), "dct:description": it("Un solo insieme di dati: l'anagrafe delle strutture."),
        "dct:publisher": agent, "dct:modified": day, "dcat:dataset": [dataset],
        "dct:language": {"@id": "http://publications.europa.eu/resource/authority/language/ITA"},
    })
}
