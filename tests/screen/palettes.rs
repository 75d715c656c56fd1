//! Every word can be read in every common palette of 16 colours.

use neartop::tui::capabilities::{Capabilities, Depth};
use neartop::tui::theme::ThemeName;
use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use super::*;

/// A terminal's name, its text and background, and its 16 colours.
type Palette = (&'static str, u32, u32, [u32; 16]);

const SOLARIZED: [u32; 16] = [
    0x07_3642, 0xdc_322f, 0x85_9900, 0xb5_8900, 0x26_8bd2, 0xd3_3682, 0x2a_a198, 0xee_e8d5, 0x00_2b36, 0xcb_4b16,
    0x58_6e75, 0x65_7b83, 0x83_9496, 0x6c_71c4, 0x93_a1a1, 0xfd_f6e3,
];
const PALETTES: [Palette; 8] = [
    ("Solarized Dark", 0x83_9496, 0x00_2b36, SOLARIZED),
    ("Solarized Light", 0x65_7b83, 0xfd_f6e3, SOLARIZED),
    (
        "Gruvbox",
        0xeb_dbb2,
        0x28_2828,
        [
            0x28_2828, 0xcc_241d, 0x98_971a, 0xd7_9921, 0x45_8588, 0xb1_6286, 0x68_9d6a, 0xa8_9984, 0x92_8374,
            0xfb_4934, 0xb8_bb26, 0xfa_bd2f, 0x83_a598, 0xd3_869b, 0x8e_c07c, 0xeb_dbb2,
        ],
    ),
    (
        "Dracula",
        0xf8_f8f2,
        0x28_2a36,
        [
            0x21_222c, 0xff_5555, 0x50_fa7b, 0xf1_fa8c, 0xbd_93f9, 0xff_79c6, 0x8b_e9fd, 0xf8_f8f2, 0x62_72a4,
            0xff_6e6e, 0x69_ff94, 0xff_ffa5, 0xd6_acff, 0xff_92df, 0xa4_ffff, 0xff_ffff,
        ],
    ),
    (
        "Nord",
        0xd8_dee9,
        0x2e_3440,
        [
            0x3b_4252, 0xbf_616a, 0xa3_be8c, 0xeb_cb8b, 0x81_a1c1, 0xb4_8ead, 0x88_c0d0, 0xe5_e9f0, 0x4c_566a,
            0xbf_616a, 0xa3_be8c, 0xeb_cb8b, 0x81_a1c1, 0xb4_8ead, 0x8f_bcbb, 0xec_eff4,
        ],
    ),
    (
        "Tango",
        0xd3_d7cf,
        0x2e_3436,
        [
            0x2e_3436, 0xcc_0000, 0x4e_9a06, 0xc4_a000, 0x34_65a4, 0x75_507b, 0x06_989a, 0xd3_d7cf, 0x55_5753,
            0xef_2929, 0x8a_e234, 0xfc_e94f, 0x72_9fcf, 0xad_7fa8, 0x34_e2e2, 0xee_eeec,
        ],
    ),
    (
        "xterm",
        0xe5_e5e5,
        0x00_0000,
        [
            0x00_0000, 0xcd_0000, 0x00_cd00, 0xcd_cd00, 0x00_00ee, 0xcd_00cd, 0x00_cdcd, 0xe5_e5e5, 0x7f_7f7f,
            0xff_0000, 0x00_ff00, 0xff_ff00, 0x5c_5cff, 0xff_00ff, 0x00_ffff, 0xff_ffff,
        ],
    ),
    (
        "Linux console",
        0xaa_aaaa,
        0x00_0000,
        [
            0x00_0000, 0xaa_0000, 0x00_aa00, 0xaa_5500, 0x00_00aa, 0xaa_00aa, 0x00_aaaa, 0xaa_aaaa, 0x55_5555,
            0xff_5555, 0x55_ff55, 0xff_ff55, 0x55_55ff, 0xff_55ff, 0x55_ffff, 0xff_ffff,
        ],
    ),
];

/// The contrast that the palettes' own authors find enough for a colour: Solarized Light has 2.9 for its cyan, and 4.1 for
/// its text.
const COLORED: f64 = 2.85;
const PLAIN: f64 = 4.0;

fn value(color: Color, palette: &Palette, default: u32) -> u32 {
    let at = match color {
        Color::Reset => return default,
        Color::Indexed(index @ 0..16) => usize::from(index),
        Color::Indexed(index @ 16..232) => {
            let level = |n: u32| if n == 0 { 0 } else { 55 + 40 * n };
            let index = u32::from(index - 16);
            return level(index / 36) << 16 | level(index / 6 % 6) << 8 | level(index % 6);
        }
        Color::Indexed(grey) => return 0x01_0101 * (8 + 10 * (u32::from(grey) - 232)),
        Color::Rgb(r, g, b) => return u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b),
        named => {
            let names = [
                Color::Black,
                Color::Red,
                Color::Green,
                Color::Yellow,
                Color::Blue,
                Color::Magenta,
                Color::Cyan,
                Color::Gray,
                Color::DarkGray,
                Color::LightRed,
                Color::LightGreen,
                Color::LightYellow,
                Color::LightBlue,
                Color::LightMagenta,
                Color::LightCyan,
                Color::White,
            ];
            names.iter().position(|name| *name == named).expect("a colour")
        }
    };
    palette.3[at]
}

/// Relative luminance as the WCAG defines it.
fn luminance(color: u32) -> f64 {
    let part = |shift: u32| {
        let x = f64::from(color >> shift & 0xff) / 255.0;
        if x <= 0.03928 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
}

fn contrast(cell: &Cell, palette: &Palette) -> f64 {
    let (mut fg, mut bg) = (value(cell.fg, palette, palette.1), value(cell.bg, palette, palette.2));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    let (a, b) = (luminance(fg), luminance(bg));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_word_can_be_read_in_every_palette() {
    for view in views::VIEWS {
        let app = views::opened(view, 120, 40);
        for depth in [Depth::Sixteen, Depth::Indexed, Depth::True] {
            let terminal = Capabilities { depth, is_unicode: true, has_screen: true, is_light: false };
            let look = Look::of(&terminal, true, false, ThemeName::Terminal);
            let shown = screen(&app, &look);
            let cells: std::collections::HashSet<_> = shown.backend().buffer().content().iter().collect();
            for (palette, cell) in PALETTES.iter().flat_map(|palette| cells.iter().map(move |cell| (palette, cell))) {
                let least = if (cell.fg, cell.bg) == Default::default() { PLAIN } else { COLORED };
                let contrast = contrast(cell, palette);
                let is_seen = cell.symbol() == " " || contrast >= least;
                assert!(is_seen, "{contrast:.2} of {cell:?} in {view} in {}", palette.0);
            }
        }
    }
}

#[test]
fn themes_of_their_own_colours_are_read_on_their_background() {
    for (theme, background, text) in [(ThemeName::Dark, 0x00_0000, 0xff_ffff), (ThemeName::Light, 0xff_ffff, 0x00_0000)]
    {
        for depth in [Depth::Indexed, Depth::True] {
            let terminal = Capabilities { depth, is_unicode: true, has_screen: true, is_light: false };
            let look = Look::of(&terminal, true, false, theme);
            let palette = ("", text, background, [0; 16]);
            for style in look.theme.styles() {
                let mut cell = Cell::default();
                cell.set_style(style);
                assert!(contrast(&cell, &palette) >= 4.5, "{style:?} in {}", look.theme_name());
            }
        }
    }
}
