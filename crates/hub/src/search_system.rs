//! Search over several types: `GET [base]?_type=Observation,Condition&…`, type after type.

use crate::bundle::BundleWriter;
use crate::http::{Answer, Ask, View};
use crate::parse::pairs::Pair;
use crate::parse::{Parsed, Summary};
use crate::search::{links, refuse_ignored, write_ignored, write_page};
use crate::{Hub, HubError};
use std::sync::Arc;
use store::{SearchPage, Snapshot};

/// Types of one search.
const MAX_TYPES: usize = 20;

/// The HTTP handler, for GET and POST `_search`.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    let pairs = ask.search_pairs(&hub).await?;
    let types = types(&hub, &pairs)?;
    let mut snapshot = hub.snapshot().await?;
    let (first, begin, mut mark) = start(&pairs, types.len(), snapshot.as_mut()).await?;
    let rest: Vec<Pair> = pairs
        .iter()
        .filter(|(n, _)| n != "_type" && n != "_page")
        .cloned()
        .collect();
    let mut parsed: Vec<Parsed> = types
        .iter()
        .map(|t| hub.parse_search(t, &rest))
        .collect::<Result<_, _>>()?;
    if ask.prefer.strict {
        parsed.iter().try_for_each(refuse_ignored)?;
    }
    let view = View {
        summary: parsed[0].summary,
        elements: parsed[0].elements.clone(),
    };
    let mut left = parsed[0].query.page.count;
    let mut all = SearchPage::default();
    for (n, one) in parsed.iter_mut().enumerate().skip(first) {
        let counting = one.summary == Summary::Count;
        if left == 0 && !counting {
            all.next = Some(format!("{n}~{begin}~"));
            break;
        }
        one.query.page.count = left;
        // Every type is shown as it was when the first page was asked for.
        one.query.page.after = mark.take().or_else(|| Some(begin.clone()));
        let page = hub.run_search_on(snapshot.as_mut(), &ask.scope, one).await?;
        left -= page.matches.len().min(left);
        all.matches.extend(page.matches);
        all.included.extend(page.included);
        if counting {
            all.total = Some(all.total.unwrap_or(0) + page.total.unwrap_or(0));
        }
        if let Some(next) = page.next {
            all.next = Some(format!("{n}~{begin}~{next}"));
            break;
        }
    }
    drop(snapshot);
    let mut used = parsed[0].used.clone();
    used.insert(0, ("_type".to_owned(), types.join(",")));
    let links = links(&hub.config.base_url, &used, &all);
    let mut writer = BundleWriter::new("searchset", hub.clock.now(), all.total, &links);
    write_page(&hub, &ask.scope, &mut writer, &all, &view);
    write_ignored(&mut writer, &parsed[0]);
    Ok(Answer::made(writer.finish()))
}

fn types(hub: &Hub, pairs: &[Pair]) -> Result<Vec<String>, HubError> {
    let named = pairs
        .iter()
        .filter(|(name, _)| name == "_type")
        .flat_map(|(_, value)| value.split(','));
    let mut types: Vec<String> = Vec::new();
    for name in named.filter(|t| !t.is_empty()) {
        hub.check_type(name)?;
        if !types.iter().any(|t| t == name) {
            types.push(name.to_owned());
        }
    }
    if types.is_empty() {
        return Err(HubError::bad(
            "a search over the whole server must say which types: add _type=Patient,Observation",
        ));
    }
    if types.len() > MAX_TYPES {
        return Err(HubError::Limit {
            what: "types in _type",
            max: MAX_TYPES,
            found: types.len(),
        });
    }
    Ok(types)
}

/// The mark is the number of the type, the mark that every type begins with, and that type's own.
async fn start(
    pairs: &[Pair],
    types: usize,
    snapshot: &mut dyn Snapshot,
) -> Result<(usize, String, Option<String>), HubError> {
    let Some((_, mark)) = pairs.iter().find(|(name, _)| name == "_page") else {
        return Ok((0, snapshot.mark().await?, None));
    };
    let bad = || HubError::bad("the _page mark is not one of this server: follow the next link as it is");
    let mut parts = mark.splitn(3, '~');
    let (Some(number), Some(begin), Some(inner)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(bad());
    };
    let number: usize = number.parse().map_err(|_| bad())?;
    if number >= types {
        return Err(bad());
    }
    let inner = (!inner.is_empty()).then(|| inner.to_owned());
    Ok((number, begin.to_owned(), inner))
}
