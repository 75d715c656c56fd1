//! Pictures of the app for the README, as SVG: the program runs in a pseudo-terminal, keys are pressed, and what a
//! terminal would show is drawn. `cargo build --release && cargo run --release --example pictures`

#[cfg(unix)]
mod show;
#[cfg(unix)]
mod svg;

#[cfg(not(unix))]
fn main() {
    println!("needs a pseudo-terminal");
}

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::current_exe()?;
    let program = program.parent().and_then(std::path::Path::parent).ok_or("no folder")?.join("neartop");
    if !program.is_file() {
        return Err("there is no program yet: cargo build --release".into());
    }
    std::fs::create_dir_all("docs/pictures")?;
    for (name, screen) in show::pictures(&program)? {
        let path = format!("docs/pictures/{name}.svg");
        std::fs::write(&path, svg::svg(&screen, name))?;
        println!("{path}");
    }
    Ok(())
}
