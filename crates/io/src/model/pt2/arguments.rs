//! The arguments of an operator, by name.

use super::schema::{Argument, Node};
use crate::model::program::{Op, Operand};

/// What an operator does and what it takes.
pub type Known = (Op, Vec<Option<Operand>>);

pub struct Arguments<'a>(&'a Node);

impl<'a> Arguments<'a> {
    pub fn of(node: &'a Node) -> Self {
        Self(node)
    }

    fn get(&self, name: &str) -> Option<&'a Argument> {
        let found = self.0.inputs.iter().find(|input| input.name == name).map(|input| &input.arg);
        found.filter(|argument| !matches!(argument, Argument::None))
    }

    /// The argument at a place.
    pub fn at(&self, place: usize) -> Option<Operand> {
        self.0.inputs.get(place).and_then(|input| operand(&input.arg))
    }

    pub fn operand(&self, name: &str) -> Option<Operand> {
        self.get(name).and_then(operand)
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Argument::Number(x) => Some(*x),
            Argument::Flag(flag) => Some(f64::from(u8::from(*flag))),
            _ => None,
        }
    }

    pub fn whole(&self, name: &str) -> Option<isize> {
        self.number(name).map(|x| x as isize)
    }

    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Argument::Flag(true)))
    }

    pub fn text(&self, name: &str) -> Option<&'a str> {
        match self.get(name)? {
            Argument::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whole numbers; one where a number stands in place of a list, none where it is absent.
    pub fn list(&self, name: &str) -> Option<Vec<isize>> {
        match self.get(name)? {
            Argument::List(list) => {
                list.iter().map(|one| if let Argument::Number(x) = one { Some(*x as isize) } else { None }).collect()
            }
            Argument::Number(x) => Some(vec![*x as isize]),
            _ => None,
        }
    }

    /// The same for `axes` axes, with the last number for all that are missing.
    pub fn sides(&self, name: &str, axes: usize, default: usize) -> Vec<usize> {
        let given = self.list(name).unwrap_or_default();
        let side =
            |axis: usize| given.get(axis).or(given.last()).map_or(default, |side| usize::try_from(*side).unwrap_or(0));
        (0..axes).map(side).collect()
    }

    /// Lists of whole numbers, some of them absent.
    pub fn lists(&self, name: &str) -> Vec<Vec<Option<i64>>> {
        let number = |argument: &Argument| if let Argument::Number(x) = argument { Some(*x as i64) } else { None };
        let inner = |argument: &Argument| match argument {
            Argument::List(list) => list.iter().map(number).collect(),
            _ => Vec::new(),
        };
        match self.get(name) {
            Some(Argument::List(list)) => list.iter().map(inner).collect(),
            _ => Vec::new(),
        }
    }

    /// The type of numbers that is asked for, by its number in the schema.
    pub fn numbers(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Argument::Numbers(number) => Some(*number),
            _ => None,
        }
    }
}

fn operand(argument: &Argument) -> Option<Operand> {
    match argument {
        Argument::Value(name) => Some(Operand::Value(name.clone())),
        Argument::Number(x) => Some(Operand::Number(*x)),
        Argument::Flag(flag) => Some(Operand::Number(f64::from(u8::from(*flag)))),
        Argument::List(list) => {
            Some(Operand::List(list.iter().map(|one| operand(one).unwrap_or(Operand::Absent)).collect()))
        }
        Argument::None | Argument::Text(_) | Argument::Numbers(_) | Argument::Other => None,
    }
}
