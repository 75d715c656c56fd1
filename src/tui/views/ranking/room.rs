//! Which columns there is room for, and how wide they are.

use crate::columns::Column;
use crate::tui::context::Context;

/// Columns of the screen between two columns.
pub const SPACING: u16 = 1;

/// A column on the screen.
pub struct Shown {
    /// Its place among those of the table.
    pub place: usize,
    pub column: &'static Column,
    pub width: u16,
}

/// The columns that fit. The one that the rows are sorted by stays.
pub fn chosen(cx: &Context, room: u16) -> Vec<Shown> {
    let table = &cx.table;
    let wanted = |column: &Column| table.texts.width(column, &table.rows);
    let width = |column: &Column| match column.is_text && table.has_whole_names {
        true => wanted(column).clamp(column.width, room.max(column.width)),
        false => column.width,
    };
    // The sign of the order is seen beside the title.
    let head = |place, column: &Column| if place == table.sort { column.title.len() as u16 + 1 } else { 0 };
    let shown = |(place, column): (usize, &&'static Column)| Shown {
        place,
        column,
        width: width(column).max(head(place, column)),
    };
    let mut columns: Vec<_> = table.columns.iter().enumerate().map(shown).collect();
    drop_columns(&mut columns, table.sort, room);
    narrow(&mut columns, room);
    widen(&mut columns, room, wanted);
    columns
}

fn taken(columns: &[Shown]) -> u16 {
    columns.iter().map(|shown| shown.width.saturating_add(SPACING)).fold(0, u16::saturating_add)
}

/// Leaves out what can be done without.
fn drop_columns(columns: &mut Vec<Shown>, sort: usize, room: u16) {
    while taken(columns) > room + SPACING {
        let others = columns.iter().enumerate().filter(|(_, shown)| shown.place != sort);
        match others.max_by_key(|(_, shown)| shown.column.dispensable) {
            Some((at, shown)) if shown.column.dispensable > 0 => columns.remove(at),
            _ => break,
        };
    }
}

/// Takes from the widest texts.
fn narrow(columns: &mut [Shown], room: u16) {
    while taken(columns) > room + SPACING {
        let texts = columns.iter_mut().filter(|shown| shown.column.is_text && shown.width > 1);
        match texts.max_by_key(|shown| shown.width) {
            Some(shown) => shown.width -= 1,
            None => break,
        }
    }
}

/// Gives what is left to texts that want it, a cell at a time to each, so that none takes all.
fn widen(columns: &mut [Shown], room: u16, wanted: impl Fn(&Column) -> u16) {
    let mut spare = (room + SPACING).saturating_sub(taken(columns));
    let mut texts: Vec<_> = columns.iter_mut().filter(|shown| shown.column.is_text).collect();
    let wanted: Vec<_> = texts.iter().map(|shown| wanted(shown.column)).collect();
    while let Some(most) = (0..texts.len()).filter(|i| texts[*i].width < wanted[*i]).min_by_key(|i| texts[*i].width) {
        if spare == 0 {
            break;
        }
        texts[most].width += 1;
        spare -= 1;
    }
}
