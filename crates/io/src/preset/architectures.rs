//! Whole networks of the benchmarks of architecture search, and which of them to rank.

use std::path::Path;
use std::sync::Arc;

use serde_yaml::Value;

use super::choices::word;
use super::tables::Table;
use super::values::{map, value};
use super::yaml::{Node, Problem, printable};
use neartop_core::nas::{Architecture, NasSpace};
use neartop_core::network::{Layer, Network};
use neartop_core::shape::Shape;

/// The most architectures of NAS-Bench-101 that are drawn: drawing many more would take longer and longer.
const MOST_DRAWN: usize = 50_000;

/// A network that an architecture names.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    pub classes: usize,
    /// None where `search.architectures` says which to rank.
    pub architecture: Option<Arc<Architecture>>,
}

/// The architectures that are ranked.
#[derive(Debug, Clone, PartialEq)]
pub struct Architectures {
    pub space: NasSpace,
    pub taken: Taken,
}

/// Which architectures of a space are ranked.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// Those of the column `arch` of a table.
    List {
        path: String,
        list: Vec<Arc<Architecture>>,
    },
    /// As many, drawn without repetition.
    Sample(usize),
    All,
}

impl Architectures {
    /// The architectures in their order. Which ones a sample takes follows from the seed.
    #[must_use]
    pub fn list(&self, seed: u64) -> Vec<Arc<Architecture>> {
        match &self.taken {
            Taken::List { list, .. } => list.clone(),
            Taken::Sample(wanted) => self.space.sample(*wanted, seed).into_iter().map(Arc::new).collect(),
            Taken::All => (0..self.space.size().unwrap_or(0)).filter_map(|i| self.space.nth(i)).map(Arc::new).collect(),
        }
    }

    /// One that stands for all where only shapes matter.
    fn first(&self) -> Option<Arc<Architecture>> {
        match &self.taken {
            Taken::List { list, .. } => list.first().cloned(),
            _ => Architecture::parse(self.space, self.space.example()).ok().map(Arc::new),
        }
    }

    pub(super) fn write(&self) -> Value {
        let path = |path: &str| value(path);
        let [list, sample, all] = match &self.taken {
            Taken::List { path: at, .. } => [path(at), None, None],
            Taken::Sample(wanted) => [None, value(wanted), None],
            Taken::All => [None, None, value(true)],
        };
        map([("space", value(self.space.name())), ("list", list), ("sample", sample), ("all", all)])
    }
}

/// Reads `search.architectures`.
pub fn read_architectures(node: &Node<'_>, directory: &Path) -> Result<Architectures, Problem> {
    let map = node.map("architectures", &["space", "list", "sample", "all"])?;
    let names = NasSpace::ALL.map(NasSpace::name);
    let given = map.need("space")?;
    let name = word(given, "the space", &names)?;
    let space = NasSpace::find(name).ok_or_else(|| given.problem("there is no such space"))?;
    let taken = match (map.get("list"), map.get("sample"), map.get("all")) {
        (Some(node), None, None) => read_list(node, space, directory)?,
        (None, Some(node), None) => {
            let most = space.size().unwrap_or(MOST_DRAWN);
            Taken::Sample(node.whole("the number of architectures to draw", 1, most as u64)? as usize)
        }
        (None, None, Some(node)) if space.size().is_none() => {
            return Err(node
                .key_problem(format!("{name} is too large to be ranked as a whole"))
                .help("draw from it with `sample: 400`, or name architectures with `list: FILE.csv`"));
        }
        (None, None, Some(node)) => match node.boolean("all")? {
            true => Taken::All,
            false => return Err(node.problem("`all` can only be true").help("or say `sample` or `list` instead")),
        },
        _ => {
            let problem = node.problem("architectures need one of `list`, `sample` and `all`");
            return Err(problem.help("such as `list: FILE.csv`, a table with the column `arch`, or `sample: 400`"));
        }
    };
    Ok(Architectures { space, taken })
}

fn read_list(node: &Node<'_>, space: NasSpace, directory: &Path) -> Result<Taken, Problem> {
    let table = Table::open(node, "the list", directory)?;
    let column = table.column(node, "arch")?;
    let mut list: Vec<Arc<Architecture>> = Vec::new();
    let mut seen = std::collections::HashMap::new();
    for row in &table.rows {
        let text = row.cell(column);
        let place = || format!("line {} of {}", row.line, printable(&table.path));
        let architecture = Architecture::parse(space, text)
            .map_err(|error| node.problem(format!("{}: {}", place(), error.message)).help(error.help))?;
        if let Some(earlier) = seen.insert(architecture.as_str().to_owned(), row.line) {
            return Err(node
                .problem(format!("{}: {architecture} stands in line {earlier} already", place()))
                .help("leave one of them out"));
        }
        list.push(Arc::new(architecture));
    }
    if list.is_empty() {
        return Err(node.problem(format!("{} has no rows", printable(&table.path))));
    }
    Ok(Taken::List { path: table.path, list })
}

/// Reads a whole network. `architectures` are those to rank, if any; where the network is `searched`, slots stand in
/// place of its ReLUs.
pub fn read_whole(
    network: &super::yaml::Map<'_>,
    input: &Shape,
    architectures: Option<&Architectures>,
    searched: bool,
) -> Result<(Whole, Vec<Layer>, Network), Problem> {
    let classes = network.need("classes")?.whole("the number of classes", 1, 1 << 20)? as usize;
    let named = NasSpace::ALL.into_iter().filter_map(|space| Some((space, network.get(space.name())?)));
    let architecture = match named.collect::<Vec<_>>().as_slice() {
        [] => None,
        [(space, node)] => {
            let text = node.text(&format!("an architecture of {}", space.name()))?;
            let parsed = Architecture::parse(*space, text);
            Some(Arc::new(parsed.map_err(|error| node.problem(error.message).help(error.help))?))
        }
        [_, (_, node), ..] => return Err(node.key_problem("a network is of one space only")),
    };
    let shown = architecture.clone().or_else(|| architectures.and_then(Architectures::first));
    let Some(shown) = shown else { return Err(network.node.problem("the network has no architecture")) };
    let layers = shown.layers(classes, searched);
    let place = network.need("input")?;
    let built = Network::build(input, &layers).map_err(|error| {
        let help = format!("{} takes images such as [3, 32, 32]", shown.space().name());
        place.problem(error.to_string()).help(help)
    })?;
    Ok((Whole { classes, architecture }, layers, built))
}
