//! What keys are asked to do.

/// What a key is asked to do, by its name in settings: `go-to-best`. Actions of one view alone stand in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action(pub &'static str);

impl Action {
    pub const QUIT: Self = Self("quit");
    pub const INTERRUPT: Self = Self("interrupt");
    pub const SUSPEND: Self = Self("suspend");
    pub const REDRAW: Self = Self("redraw");
    pub const CLOSE: Self = Self("close");
    pub const ACCEPT: Self = Self("accept");
    pub const COMPLETE: Self = Self("complete");
    pub const UP: Self = Self("up");
    pub const DOWN: Self = Self("down");
    pub const PAGE_UP: Self = Self("page-up");
    pub const PAGE_DOWN: Self = Self("page-down");
    pub const FIRST: Self = Self("first");
    pub const LAST: Self = Self("last");
    pub const LEFT: Self = Self("left");
    pub const RIGHT: Self = Self("right");
    pub const MORE: Self = Self("more");
    pub const LESS: Self = Self("less");
    pub const FILTER: Self = Self("filter");
    pub const PAUSE: Self = Self("pause");
    /// Ends the jobs of a run on a cluster.
    pub const CANCEL_JOBS: Self = Self("cancel-jobs");
    pub const DETAIL_UP: Self = Self("detail-up");
    pub const DETAIL_DOWN: Self = Self("detail-down");
    pub const TOGGLE_DETAIL: Self = Self("toggle-detail");
    pub const GO_TO_BEST: Self = Self("go-to-best");
    pub const MARK: Self = Self("mark");
    pub const CLEAR_MARKS: Self = Self("clear-marks");
    pub const COPY: Self = Self("copy");
    /// Looks for what would make the selected candidate train.
    pub const REPAIR: Self = Self("repair");
    pub const NEXT_THEME: Self = Self("next-theme");
    pub const TOGGLE_MOUSE: Self = Self("toggle-mouse");
    pub const TOGGLE_GUARD: Self = Self("toggle-guard");
    /// Sorts by the column whose digit is pressed.
    pub const SORT_BY: Self = Self("sort-by");
    /// Opens the chosen preset or study in the place of this one.
    pub const OPEN_PRESET: Self = Self("open-preset");
    /// Scores the changed search in the place of this one.
    pub const SCORE_DRAFT: Self = Self("score-draft");
    pub const STOP_TRAINING: Self = Self("stop-training");
    // What opens views and windows.
    pub const HELP: Self = Self("help");
    pub const PALETTE: Self = Self("palette");
    pub const EXPORT: Self = Self("export");
    pub const SIZES: Self = Self("sizes");
    pub const MATRIX: Self = Self("matrix");
    pub const INSPECT: Self = Self("inspect");
    pub const TRAIN: Self = Self("train");
    pub const SPACE: Self = Self("space");
    pub const LIBRARY: Self = Self("library");

    /// Its name in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }
}
