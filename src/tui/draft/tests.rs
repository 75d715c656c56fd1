use std::path::Path;

use super::*;

fn draft() -> Draft {
    let text = "network: {input: 8, layers: [linear: 6, activation, linear: 4, activation, linear: 3]}\n\
                search: {activations: [relu, tanh], inits: [orthogonal, {normal: {std: 0.1}}]}\n";
    Draft::new(&Preset::parse(text, "test.yaml", Path::new("")).unwrap())
}

fn choose(draft: &mut Draft, wanted: &Item) {
    draft.list.line = draft.items().iter().position(|item| item == wanted).expect("the item");
}

#[test]
fn choices_are_switched_on_and_off_and_taken_back() {
    let mut draft = draft();
    let item = |name| Item::Activation("activation".to_owned(), Activation::named(name).unwrap());
    choose(&mut draft, &item("tanh"));
    draft.toggle().unwrap();
    assert_eq!(draft.preset.search.activations.len(), 1);
    assert!(draft.is_changed() && draft.undo().is_ok() && !draft.is_changed());
    assert_eq!(draft.preset.search.activations.len(), 2);
    assert!(draft.redo().is_ok());
    choose(&mut draft, &item("relu"));
    assert!(draft.toggle().unwrap_err().to_string().contains("one of them"));
    choose(&mut draft, &item("tanh"));
    draft.toggle().unwrap();
    assert_eq!(draft.checked().unwrap().search.activations.len(), 2);
}

#[test]
fn choices_of_slots_are_switched_apart() {
    let text = "network: {input: 8, layers: [linear: 6, activation: {slot: a}, linear: 4, activation: {slot: b}, linear: 3]}\n\
                search: {activations: {b: [relu, tanh], a: [gelu]}, inits: [orthogonal]}\n";
    let mut draft = Draft::new(&Preset::parse(text, "test.yaml", Path::new("")).unwrap());
    let item = |slot: &str, name| Item::Activation(slot.to_owned(), Activation::named(name).unwrap());
    assert!(draft.is_on(&item("b", "relu")) && !draft.is_on(&item("a", "relu")));
    choose(&mut draft, &item("a", "relu"));
    draft.toggle().unwrap();
    draft.write("{leaky_relu: {negative_slope: 0.3}}").unwrap();
    choose(&mut draft, &item("b", "tanh"));
    draft.toggle().unwrap();
    let shown: Vec<_> = draft.checked().unwrap().search.activations.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["a: relu, b: relu", "a: leaky_relu(negative_slope=0.3), b: relu", "a: gelu, b: relu"]);
    choose(&mut draft, &item("b", "relu"));
    assert!(draft.toggle().unwrap_err().to_string().contains("one of them"));
    choose(&mut draft, &Item::Depth);
    assert!(draft.step(false).unwrap_err().to_string().contains("slot b"));
}

#[test]
fn sizes_and_depth_keep_the_network_whole() {
    let mut draft = draft();
    draft.list.line = 1;
    draft.step(true).unwrap();
    draft.write("10").unwrap();
    choose(&mut draft, &Item::Depth);
    draft.write("5").unwrap();
    assert_eq!(draft.checked().unwrap().network.summary(), "8 > 6 > * > 10 > * > 10 > * > 10 > * > 10 > * > 3");
    draft.write("1").unwrap();
    assert_eq!(draft.checked().unwrap().network.summary(), "8 > 6 > * > 3");
    draft.list.line = 1;
    assert!(draft.step(true).unwrap_err().to_string().contains("output"));
    assert!(draft.write("0").is_err());
}

#[test]
fn recipes_are_choices_among_the_initializations() {
    let mut draft = draft();
    let of = |name| Item::Init(Init::named(name).unwrap());
    choose(&mut draft, &of("torchvision_resnet"));
    assert!(!draft.is_on(&of("torchvision_resnet")));
    draft.toggle().unwrap();
    choose(&mut draft, &of("ppo"));
    let text = draft.text();
    assert!(text.starts_with("{recipe: ppo, "), "{text}");
    draft.write(&text).unwrap();
    assert_eq!(draft.preset.search.inits.len(), 3, "nothing was changed");
    draft.write(&text.replace("ppo", "mine")).unwrap();
    let checked = draft.checked().unwrap();
    assert!(matches!(draft.item(), Some(Item::Init(init)) if init.to_string() == "mine"), "it is chosen");
    let names: Vec<_> = checked.search.inits.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["orthogonal", "normal(std=0.1)", "torchvision_resnet", "mine"]);
    // One section of each kind, with what is new among its own.
    let sections: Vec<_> = draft.items().iter().map(|item| item.section().into_owned()).collect();
    let heads = sections.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(heads, 4, "{sections:?}");
    assert!(draft.write("as_given").unwrap_err().to_string().contains("model"));
    assert!(draft.write("{recipe: mine}").unwrap_err().to_string().contains("says nothing"));
}

#[test]
fn parameters_are_written_as_in_a_preset() {
    let mut draft = draft();
    let normal = draft.preset.search.inits[1].clone();
    choose(&mut draft, &Item::Init(normal));
    assert_eq!(draft.text(), "{normal: {std: 0.1}}");
    draft.write("{normal: {std: 0.2}}").unwrap();
    assert_eq!(draft.preset.search.inits.len(), 3);
    assert!(draft.write("{normal: {sd: 1}}").unwrap_err().to_string().contains("sd"));
    choose(&mut draft, &Item::Repetitions);
    draft.write("auto").unwrap();
    assert!(draft.checked().unwrap().auto.is_some());
    assert!(draft.write("many").is_err());
}
