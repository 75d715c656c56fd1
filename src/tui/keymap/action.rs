//! What keys are asked to do.

/// What a key is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Quit,
    Interrupt,
    Suspend,
    Redraw,
    Help,
    Close,
    Accept,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// Sort by the column at this place; a second time the other way round.
    SortBy(usize),
    SortLeft,
    SortRight,
    Reverse,
    Filter,
    ClearFilter,
    Pause,
    Freeze,
    Export,
    DetailUp,
    DetailDown,
    ToggleDetail,
    GoToBest,
    Sizes,
    Matrix,
    Inspect,
    Mark,
    ClearMarks,
    Left,
    Right,
    More,
    Less,
    Palette,
    Copy,
    NextTheme,
    ToggleMouse,
    ToggleGuard,
    Space,
    Toggle,
    Edit,
    Undo,
    Redo,
    ScoreDraft,
    SaveDraft,
    Train,
    StopTraining,
    CancelJobs,
    Library,
    OpenPreset,
    DeleteStudy,
    /// Show the presets of another folder.
    Folder,
    /// Write a threshold.
    Threshold,
    /// Write the place of a layer.
    PickLayer,
}

impl Action {
    /// Its name in settings: `go-to-best`.
    #[must_use]
    pub fn name(self) -> String {
        let name = format!("{self:?}");
        let name = name.split('(').next().unwrap_or_default();
        let mut words = String::new();
        for c in name.chars() {
            if c.is_ascii_uppercase() && !words.is_empty() {
                words.push('-');
            }
            words.push(c.to_ascii_lowercase());
        }
        words
    }
}
