//! A JSON Schema of presets, made from the same tables that reading uses.

use serde_json::{Map, Value as Json, json};

use super::data::array;
use super::recipes::part_offers;
use crate::data::DIGITS;
use neartop_core::activation::ActivationKind;
use neartop_core::catalog::{Alias, Domain, Entry, Param, Value};
use neartop_core::init::{InitKind, Needs};
use neartop_core::layer::{self, Kind, Short};
use neartop_core::layers::KINDS;
use neartop_core::nas::NasSpace;
use neartop_core::recipe::BUNDLED;
use neartop_core::settings::{Method, TaskKind};
use neartop_core::start::{recipe_keys, takes};

/// The schema, draft 2020-12.
#[must_use]
pub fn schema() -> Json {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "neartop preset",
        "type": "object",
        "additionalProperties": false,
        "required": ["network"],
        "patternProperties": {"^x-": {"description": "A place for anchors, not used itself."}},
        "properties": {
            "neartop": {"type": "string", "description": "The version that wrote the preset."},
            "name": {"type": "string"},
            "description": {"type": "string"},
            "data": data(),
            "network": network(),
            "search": search(),
            "truth": truth(),
            "score": score(),
            "train": train()
        },
        "$defs": {
            "layers": {"type": "array", "items": {"$ref": "#/$defs/layer"}},
            "layer": layer(),
            "initialization": initialization(Needs::Matrix),
            "initialization_of_bias": initialization(Needs::Fans),
            "initialization_of_vector": initialization(Needs::Nothing)
        }
    })
}

fn network() -> Json {
    json!({
        "type": "object",
        "additionalProperties": false,
        "oneOf": [{"required": ["input", "layers"]}, {"required": ["input", "classes"]}, {"required": ["model"]}],
        "properties": {
            "model": {
                "type": "string",
                "description": "A model of another library, relative to the preset: `.pt2` of PyTorch or `.onnx`."
            },
            "classes": size(),
            "nats_tss": {"type": "string"},
            "nats_sss": {"type": "string"},
            "nasbench101": {"type": "string"},
            "transnas_micro": {"type": "string"},
            "input": {"anyOf": [
                size(),
                {"const": "auto", "description": "As the samples are."},
                {"type": "array", "items": size(), "minItems": 1, "maxItems": 3},
                {
                    "type": "object", "additionalProperties": false, "required": ["tokens", "features"],
                    "properties": {"tokens": size(), "features": size()}
                },
                {
                    "type": "object", "additionalProperties": false, "required": ["tokens", "vocab"],
                    "properties": {"tokens": size(), "vocab": whole(1, 1 << 24)}
                }
            ]},
            "layers": {"$ref": "#/$defs/layers"}
        }
    })
}

fn search() -> Json {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "activations": {"anyOf": [
                choices(entries::<ActivationKind>()),
                {
                    "type": "object", "minProperties": 1, "propertyNames": name(),
                    "additionalProperties": choices(entries::<ActivationKind>()),
                    "description": "By the names of the slots."
                }
            ]},
            "inits": choices(inits()),
            "slots": slots(),
            "bias": {"anyOf": [{"enum": ["zeros", "fan_in_uniform"]}, one("constant", json!({"type": "number"}))]},
            "architectures": architectures()
        }
    })
}

/// Which activations of a model are searched.
fn slots() -> Json {
    let names = json!({"anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1}
    ]});
    json!({
        "anyOf": [names, {"type": "object", "minProperties": 1, "propertyNames": name(), "additionalProperties": names}],
        "description": "Of a network that is a model: kinds of activations, paths of modules, all or none; or by slot."
    })
}

fn score() -> Json {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "repetitions": {"oneOf": [
                {"type": "integer", "minimum": 1, "maximum": 1_000_000},
                {"const": "auto"},
                {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "minimum": {"type": "integer", "minimum": 2, "maximum": 1_000_000},
                        "maximum": {"type": "integer", "minimum": 2, "maximum": 1_000_000},
                        "confidence": {"type": "number", "minimum": 0.5, "exclusiveMaximum": 1}
                    }
                }
            ]},
            "seed": {"type": "integer", "minimum": 0},
            "batch": size(),
            "rows": {"enum": ["full", "clipped"]},
            "batch_norm": {"enum": ["training", "evaluation"]},
            "trainability": {"type": "boolean"}
        }
    })
}

fn data() -> Json {
    let mut data = json!({
        "type": "object",
        "additionalProperties": false,
        "oneOf": [{"required": ["source"]}, {"required": ["path"]}],
        "properties": {
            "source": {"enum": ["digits", "airfoil", "gaussian", "uniform", "tokens"]},
            "classes": {
                "type": "integer", "minimum": 1, "maximum": DIGITS,
                "description": "Of source digits: keeps the digits from 0 to classes - 1."
            },
            "path": {
                "type": "string",
                "description": "Relative to the preset: IDX, tables (CSV, TSV, .data, .dat, .txt) or NPY, each also packed (.gz, \
                    .bz2, .xz, .zst, .zip); NPZ, Parquet, Arrow, safetensors, HDF5, MATLAB; a folder with a folder of images \
                    per class, or of files that are one data set."
            },
            "labels": {
                "anyOf": [column(), {"type": "array", "items": column(), "minItems": 1}],
                "description": "The name or the place of a column, several of them, an array of the file, or another file."
            },
            "header": {
                "enum": ["auto", true, false],
                "description": "Of a table: whether the first line names the columns."
            },
            "delimiter": {
                "type": "string",
                "description": "Of a table: what separates cells: auto, a character such as `;`, tab, or spaces for runs of them."
            },
            "decimal": {"enum": ["auto", ".", ","], "description": "Of a table: the decimal mark."},
            "columns": {
                "anyOf": [column(), {"type": "array", "items": column(), "minItems": 1}],
                "description": "Of a table: these columns alone are features, in this order; names, or places from 1."
            },
            "drop": {
                "anyOf": [column(), {"type": "array", "items": column()}],
                "description": "Of a table: these columns are no features; names, or places from 1."
            },
            "missing": {
                "anyOf": [{"enum": ["error", "drop", "mean", "median"]}, value()],
                "description": "Of a table: what becomes of cells without a value."
            },
            "categories": {
                "enum": ["error", "one_hot", "ordinal"],
                "description": "Of a table: what becomes of texts in columns of features."
            },
            "scale": {"enum": ["none", "unit", "standardize", "standardize_features"]}
        }
    });
    if let Some(properties) = data["properties"].as_object_mut() {
        properties.extend(array::schema().map(|(key, schema)| (key.to_owned(), schema)));
    }
    data
}

/// The name or the place of a column.
fn column() -> Json {
    json!({"type": ["string", "number"]})
}

/// What stands for a missing value.
fn value() -> Json {
    json!({
        "type": "object", "additionalProperties": false, "required": ["value"],
        "properties": {"value": {"type": ["string", "number"]}}
    })
}

fn train() -> Json {
    let methods = Method::ALL.map(Method::key);
    let tasks: Vec<_> = std::iter::once("auto").chain(TaskKind::ALL.map(TaskKind::name)).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "task": {"enum": tasks, "description": "What training learns; auto: what labels and network say."},
            "optimizer": {"enum": methods, "description": "What will train the network; the verdict follows it."},
            "learning_rate": {
                "anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 1000}, {"const": "auto"}],
                "description": "Its learning rate; auto: a range test of each candidate."
            }
        }
    })
}

fn architectures() -> Json {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["space"],
        "oneOf": [{"required": ["list"]}, {"required": ["sample"]}, {"required": ["all"]}],
        "properties": {
            "space": {"enum": NasSpace::ALL.map(NasSpace::name)},
            "list": {"type": "string", "description": "A table with the column `arch`, relative to the preset."},
            "sample": size(),
            "all": {"const": true}
        }
    })
}

fn truth() -> Json {
    let key = || json!({"enum": ["arch", "activation", "init"]});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["path", "value"],
        "properties": {
            "path": {"type": "string", "description": "A table, relative to the preset."},
            "key": {"anyOf": [key(), {"type": "array", "items": key(), "minItems": 1}]},
            "value": {"type": "string", "description": "The column of known values."}
        }
    })
}

fn size() -> Json {
    json!({"type": "integer", "minimum": 1})
}

fn choices(any: Vec<Json>) -> Json {
    json!({"anyOf": [{"const": "all"}, {"type": "array", "minItems": 1, "items": {"anyOf": any}}]})
}

/// An initialization, the name of a recipe, or a recipe.
fn inits() -> Vec<Json> {
    let names: Vec<_> = BUNDLED.iter().map(|recipe| recipe.name).collect();
    let parts = recipe_keys().into_iter().map(|key| (key.to_owned(), reference(definition(part_offers(key)))));
    let mut properties: Map<_, _> = parts.collect();
    properties.insert("recipe".to_owned(), json!({"type": "string"}));
    properties.insert("bias".to_owned(), bias(Needs::Fans));
    properties.insert(
        "gains".to_owned(),
        json!({
            "type": "object", "additionalProperties": {"type": "number", "exclusiveMinimum": 0},
            "description": "By the name of a layer, what its drawn weights are multiplied by."
        }),
    );
    let recipe = json!({
        "type": "object", "additionalProperties": false, "required": ["recipe"], "minProperties": 2,
        "properties": properties, "description": "What it leaves out starts as in PyTorch."
    });
    vec![reference("initialization"), json!({"enum": names}), recipe]
}

/// How biases start, by what a layer or a recipe says.
fn bias(offers: Needs) -> Json {
    let all = reference(definition(offers));
    match offers {
        Needs::Nothing => all,
        Needs::Fans | Needs::Matrix => json!({"anyOf": [{"const": "fan_in_uniform"}, all]}),
    }
}

/// Those that need no more than a weight offers.
fn initialization(offers: Needs) -> Json {
    json!({"anyOf": entries_of::<InitKind>(|kind| kind.needs() <= offers)})
}

fn definition(offers: Needs) -> &'static str {
    match offers {
        Needs::Nothing => "initialization_of_vector",
        Needs::Fans => "initialization_of_bias",
        Needs::Matrix => "initialization",
    }
}

fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// The names that need no parameters, and a map of one name to its parameters for each that has some.
fn entries<E: Entry>() -> Vec<Json> {
    entries_of::<E>(|_| true)
}

/// The same for those that fit.
fn entries_of<E: Entry>(fits: impl Fn(&E) -> bool) -> Vec<Json> {
    let fitting: Vec<&E> = E::catalog().iter().filter(|entry| fits(entry)).collect();
    let plain = fitting.iter().filter(|e| e.params().iter().all(|p| p.default.is_some()));
    let is_there = |alias: &&Alias| fitting.iter().any(|entry| entry.name() == alias.entry);
    let aliases = E::aliases().iter().filter(is_there).map(|alias| alias.name);
    let names: Vec<_> = plain.map(|entry| entry.name()).chain(aliases).collect();
    let mut entries = vec![json!({"enum": names})];
    for entry in fitting.iter().filter(|e| !e.params().is_empty()) {
        let properties: Map<_, _> = entry.params().iter().map(|p| (p.name.to_owned(), parameter(p))).collect();
        let required: Vec<_> = entry.params().iter().filter(|p| p.default.is_none()).map(|p| p.name).collect();
        let params = json!({
            "type": "object", "additionalProperties": false, "properties": properties, "required": required
        });
        let alone = entry.params().iter().filter(|p| entry.params().len() == 1 && p.default.is_none()).map(parameter);
        let any: Vec<_> = alone.chain([params]).collect();
        entries.push(match any.as_slice() {
            [only] => one(entry.name(), only.clone()),
            _ => one(entry.name(), json!({"anyOf": any})),
        });
    }
    entries
}

/// A map with this key alone.
fn one(name: &str, value: Json) -> Json {
    json!({"type": "object", "additionalProperties": false, "required": [name], "properties": {name: value}})
}

fn parameter(param: &Param) -> Json {
    let mut schema = match param.domain {
        Domain::Number { min, max } => json!({"type": "number", "minimum": min, "maximum": max}),
        Domain::Positive => json!({"type": "number", "exclusiveMinimum": 0}),
        Domain::Word(words) => json!({"enum": words}),
        Domain::Gain => json!({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"const": "auto"}]}),
    };
    schema["default"] = match param.default {
        Some(Value::Number(x)) => json!(x),
        Some(Value::Word(w)) => json!(w),
        None => return schema,
    };
    schema
}

fn layer() -> Json {
    let has_keys = |kind: &&&Kind| !kind.params.is_empty() || takes(kind).keys().next().is_some();
    let (named, plain): (Vec<&Kind>, Vec<&Kind>) = KINDS.iter().partition(has_keys);
    let is_optional = |kind: &&&Kind| kind.params.iter().all(|param| param.default != layer::Default::Needed);
    let names = plain.iter().chain(named.iter().filter(is_optional)).map(|kind| kind.name);
    let mut any = vec![json!({"enum": names.collect::<Vec<_>>()})];
    any.extend(named.iter().map(|kind| kind_with_parameters(kind)));
    any.extend(entries::<ActivationKind>());
    json!({"anyOf": any})
}

fn kind_with_parameters(kind: &Kind) -> Json {
    let own = takes(kind).keys().map(|(key, offers)| (key.to_owned(), own_init(key, offers)));
    let params = kind.params.iter().map(|param| (param.name.to_owned(), layer_parameter(param)));
    let properties: Map<_, _> = params.chain(own).collect();
    let needed = kind.params.iter().filter(|param| param.default == layer::Default::Needed);
    let required: Vec<_> = needed.map(|param| param.name).collect();
    let all = json!({
        "type": "object", "additionalProperties": false, "required": required, "properties": properties
    });
    let short = match kind.short {
        Short::Never => None,
        Short::Read { param, .. } | Short::Written { param, .. } => kind.params.iter().find(|p| p.name == param),
    };
    let mut schema = one(
        kind.name,
        match short {
            Some(param) => json!({"anyOf": [layer_domain(param.domain), all]}),
            None => all,
        },
    );
    schema["description"] = json!(kind.about);
    schema
}

fn own_init(key: &str, offers: Needs) -> Json {
    let (mut schema, what) = match key {
        "init" => (reference(definition(offers)), "How its weight starts, whatever the candidate says."),
        _ => (bias(offers), "How its bias starts, whatever the candidate says."),
    };
    schema["description"] = json!(what);
    schema
}

fn layer_parameter(param: &layer::Param) -> Json {
    let mut schema = layer_domain(param.domain);
    schema["description"] = json!(param.about);
    schema
}

/// A name that the user chooses.
fn name() -> Json {
    json!({"type": "string", "pattern": "^[\\p{L}\\p{N}_-]{1,100}$"})
}

fn whole(least: u64, most: u64) -> Json {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

/// One number, or one for each axis.
fn sides(axes: usize, least: u64, most: u64) -> Json {
    let each = json!({"type": "array", "items": whole(least, most), "minItems": axes, "maxItems": axes});
    json!({"anyOf": [whole(least, most), each]})
}

fn layer_domain(domain: layer::Domain) -> Json {
    let layers = || json!({"$ref": "#/$defs/layers"});
    match domain {
        layer::Domain::Size => size(),
        layer::Domain::Outputs => json!({"anyOf": [size(), {"const": "auto"}]}),
        layer::Domain::Whole { least, most } => json!({"type": "integer", "minimum": least, "maximum": most}),
        layer::Domain::Number { least, most } => json!({"type": "number", "minimum": least, "maximum": most}),
        layer::Domain::Flag => json!({"type": "boolean"}),
        layer::Domain::WholeOrWord { most, words } => {
            json!({"anyOf": [{"type": "integer", "minimum": 0, "maximum": most}, {"enum": words}]})
        }
        layer::Domain::Layers { nothing: Some(word) } => json!({"anyOf": [{"const": word}, layers()]}),
        layer::Domain::Layers { nothing: None } => json!({"anyOf": [layers()]}),
        layer::Domain::Branches => json!({"type": "array", "minItems": 2, "items": layers()}),
        layer::Domain::Word(words) => json!({"enum": words}),
        layer::Domain::Name | layer::Domain::Slot => name(),
        layer::Domain::Sides { axes, least, most } => sides(axes, least, most),
        layer::Domain::SidesOrWord { axes, most, words } => {
            json!({"anyOf": [{"enum": words}, sides(axes, 0, most)]})
        }
        layer::Domain::List { least, most } => json!({"type": "array", "items": whole(least, most)}),
    }
}
