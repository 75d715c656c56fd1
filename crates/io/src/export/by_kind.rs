//! What code writers do with a layer, by its kind.

/// The value of the arm whose kind the operation is; that of `else` for a kind without an arm.
macro_rules! by_kind {
    ($operation:expr; $($kind:ty as $name:pat => $value:expr,)* else => $other:expr $(,)?) => {{
        let operation = $operation;
        $(
            if let Some($name) = operation.as_kind::<$kind>() {
                $value
            } else
        )* {
            $other
        }
    }};
}

pub(super) use by_kind;
