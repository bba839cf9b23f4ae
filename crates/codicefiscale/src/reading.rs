//! Dates and places as people write them.

use jiff::civil::Date;

/// A date of day, month, year or year, month, day, with spaces, slashes, hyphens or full stops between them. `None` if it
/// is no such date or does not exist.
pub fn date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text
        .trim()
        .split(|c: char| c.is_whitespace() || "/-.".contains(c))
        .filter(|part| !part.is_empty())
        .collect();
    let [a, b, c] = parts[..] else { return None };
    let (year, month, day) = if a.len() == 4 { (a, b, c) } else { (c, b, a) };
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// A place of birth taken apart: its name and, where written, its province (`Torino (TO)`, `Roma, RM`, `Torino, Italia`).
pub fn place(text: &str) -> (&str, Option<String>) {
    let mut name = text.trim();
    for country in ["italy", "italia"] {
        if let Some((before, last)) = name.rsplit_once(',')
            && last.trim().eq_ignore_ascii_case(country)
        {
            name = before.trim();
        }
    }
    let is_province = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
    if let Some((before, inside)) = name.strip_suffix(')').and_then(|name| name.rsplit_once('('))
        && is_province(inside.trim())
    {
        return (before.trim(), Some(inside.trim().to_ascii_uppercase()));
    }
    if let Some((before, last)) = name.rsplit_once(',')
        && is_province(last.trim())
    {
        return (before.trim(), Some(last.trim().to_ascii_uppercase()));
    }
    (name, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_either_order() {
        for text in ["3/4/1985", "03 04 1985", "1985-4-3", "3.4.1985"] {
            assert_eq!(date(text), Some(jiff::civil::date(1985, 4, 3)), "{text}");
        }
        for text in ["31/2/1985", "1985/1985/1985", "3/4/85", "", "3/4"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn places_with_their_province() {
        assert_eq!(place("Torino (TO), Italy"), ("Torino", Some("TO".into())));
        assert_eq!(place("Roma,RM"), ("Roma", Some("RM".into())));
        assert_eq!(place("Reggio nell'Emilia"), ("Reggio nell'Emilia", None));
    }
}
