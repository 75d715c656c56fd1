//! Slurm by its commands: `sbatch`, `squeue`, `sacct` or `scontrol`, `scancel`.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::chunks::{read_chunks, write_chunks};
use super::engine::{Ending, Engine, EngineError, Queue};
use neartop_io::preset::printable;

/// Slurm, with the batch script of one run.
#[derive(Debug)]
pub struct Slurm {
    script: PathBuf,
    /// Where tasks run and their logs are.
    directory: PathBuf,
    chunks: u32,
    /// Whether finished jobs are kept account of; not known before it was asked for.
    has_accounting: Option<bool>,
}

impl Slurm {
    /// # Errors
    /// If Slurm's commands are not there.
    pub fn new(directory: &Path, script: &Path, chunks: u32) -> Result<Self, EngineError> {
        call(Command::new("sbatch").arg("--version"))?;
        Ok(Self { script: script.to_owned(), directory: directory.to_owned(), chunks, has_accounting: None })
    }

    fn account(&self, job: u64) -> Result<HashMap<u32, Ending>, EngineError> {
        let mut sacct = Command::new("sacct");
        sacct.args(["--noheader", "--parsable2", "--allocations", "--array", "--format=JobID,State,ExitCode"]);
        let text = call(sacct.arg(format!("--jobs={job}")))?;
        Ok(read_account(&text, job, self.chunks))
    }
}

/// The largest index of a task in an array, as this Slurm is configured.
///
/// # Errors
/// If Slurm does not answer.
pub fn largest_index() -> Result<u32, EngineError> {
    let config = call(Command::new("scontrol").args(["show", "config"]))?;
    let size = config.lines().find_map(|line| line.trim_start().strip_prefix("MaxArraySize")?.split_once('='));
    Ok(size.and_then(|(_, size)| size.trim().parse::<u32>().ok()).map_or(1000, |size| size.saturating_sub(1)))
}

impl Engine for Slurm {
    fn submit(&mut self, chunks: &[u32]) -> Result<u64, EngineError> {
        let mut sbatch = Command::new("sbatch");
        sbatch.arg("--parsable").arg(format!("--array={}", write_chunks(chunks))).arg("--chdir").arg(&self.directory);
        let answer = call(sbatch.arg(&self.script))?;
        // With several clusters, `123;name`.
        let number = answer.trim().split(';').next().and_then(|number| number.parse().ok());
        number.ok_or_else(|| EngineError::NoNumber { program: "sbatch", answer: printable(answer.trim()) })
    }

    fn queue(&mut self, jobs: &[u64]) -> Result<Queue, EngineError> {
        if jobs.is_empty() {
            return Ok(Queue::default());
        }
        let jobs: Vec<_> = jobs.iter().map(u64::to_string).collect();
        let mut squeue = Command::new("squeue");
        squeue.args(["--noheader", "--format=%F|%K|%T|%r"]).arg(format!("--jobs={}", jobs.join(",")));
        match call(&mut squeue) {
            Ok(text) => Ok(read_queue(&text, self.chunks)),
            // All of them ended so long ago that Slurm has forgotten them.
            Err(EngineError::Forgotten(_)) => Ok(Queue::default()),
            Err(error) => Err(error),
        }
    }

    fn ended(&mut self, job: u64) -> HashMap<u32, Ending> {
        if self.has_accounting != Some(false) {
            match self.account(job) {
                Ok(endings) if !endings.is_empty() => {
                    self.has_accounting = Some(true);
                    return endings;
                }
                Ok(_) => {}
                Err(_) => self.has_accounting = Some(false),
            }
        }
        let text = call(Command::new("scontrol").args(["--oneliner", "show", "job", &job.to_string()]));
        read_jobs(&text.unwrap_or_default(), self.chunks)
    }

    fn cancel(&mut self, jobs: &[u64]) -> Result<(), EngineError> {
        if jobs.is_empty() {
            return Ok(());
        }
        match call(Command::new("scancel").args(jobs.iter().map(u64::to_string))) {
            Ok(_) | Err(EngineError::Forgotten(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn log(&self, job: u64, chunk: u32) -> Option<PathBuf> {
        Some(self.directory.join("logs").join(format!("{job}_{chunk}.out"))).filter(|path| path.is_file())
    }
}

/// Runs a command and gives its output.
fn call(command: &mut Command) -> Result<String, EngineError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(EngineError::Missing { program, system: "Slurm" });
        }
        Err(cause) => return Err(EngineError::Unusable { program, cause }),
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    Err(match said.as_str() {
        "" => EngineError::Silent { program, status: output.status },
        // Slurm has no other sign of it.
        said if said.contains("Invalid job id") => EngineError::Forgotten(printable(said)),
        said => EngineError::Refused(printable(said)),
    })
}

/// Lines of `job|tasks|state|reason`.
#[must_use]
pub fn read_queue(text: &str, most: u32) -> Queue {
    let mut queue = Queue::default();
    for line in text.lines() {
        let mut fields = line.split('|').map(str::trim);
        let (Some(job), Some(tasks), Some(state), reason) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let (Ok(job), Some(chunks)) = (job.parse(), read_chunks(tasks, most)) else { continue };
        if !queue.jobs.contains(&job) {
            queue.jobs.push(job);
        }
        match state {
            "RUNNING" | "COMPLETING" | "STAGE_OUT" | "SIGNALING" => queue.running.extend(chunks),
            _ => {
                queue.pending.extend(chunks);
                // What is usual needs no words.
                let usual = ["None", "Priority", "Resources", ""];
                queue.reason = queue.reason.or(reason.filter(|r| !usual.contains(r)).map(printable));
            }
        }
    }
    queue
}

/// Lines of `job_task|state|exit`.
fn read_account(text: &str, job: u64, most: u32) -> HashMap<u32, Ending> {
    let mut endings = HashMap::new();
    for line in text.lines() {
        let mut fields = line.split('|');
        let (Some(id), Some(state), exit) = (fields.next(), fields.next(), fields.next()) else { continue };
        let task = id.split_once('_').filter(|(of, _)| *of == job.to_string());
        let Some(chunk) = task.and_then(|(_, task)| task.parse().ok()).filter(|chunk| *chunk <= most) else { continue };
        if let Some(ending) = ending(state, exit.unwrap_or_default()) {
            endings.insert(chunk, ending);
        }
    }
    endings
}

/// Lines of `Name=value` fields.
fn read_jobs(text: &str, most: u32) -> HashMap<u32, Ending> {
    let mut endings = HashMap::new();
    for line in text.lines() {
        let field = |name: &str| line.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        let Some(tasks) = field("ArrayTaskId").and_then(|tasks| read_chunks(tasks, most)) else { continue };
        let ending = field("JobState").and_then(|state| ending(state, field("ExitCode").unwrap_or_default()));
        if let Some(ending) = ending {
            endings.extend(tasks.into_iter().map(|chunk| (chunk, ending.clone())));
        }
    }
    endings
}

/// None for a state that is no end.
fn ending(state: &str, exit: &str) -> Option<Ending> {
    // `CANCELLED by 1000`
    let state = state.split_whitespace().next().unwrap_or_default();
    Some(match state {
        "PENDING" | "RUNNING" | "SUSPENDED" | "COMPLETING" | "CONFIGURING" | "REQUEUED" | "RESIZING" | "STAGE_OUT"
        | "SIGNALING" | "STOPPED" | "REQUEUE_HOLD" | "REQUEUE_FED" | "RESV_DEL_HOLD" | "SPECIAL_EXIT" | "" => {
            return None;
        }
        "COMPLETED" => Ending::Completed,
        "CANCELLED" | "REVOKED" => Ending::Cancelled,
        "FAILED" => Ending::Failed(match exit.split_once(':') {
            Some((status, "0")) => format!("exit status {}", printable(status)),
            Some((_, signal)) => format!("signal {}", printable(signal)),
            None => "FAILED".to_owned(),
        }),
        other => Ending::Failed(printable(other)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_are_read_by_task() {
        let text =
            "12|5-8%3|PENDING|Resources\n12|1|RUNNING|None\n12|2|COMPLETING|None\n13|9|PENDING|QOSMaxJobsLimit\n";
        let queue = read_queue(text, 9);
        assert_eq!((queue.running, queue.pending), (vec![1, 2], vec![5, 6, 7, 8, 9]));
        assert_eq!((queue.jobs, queue.reason.as_deref()), (vec![12, 13], Some("QOSMaxJobsLimit")));
        assert_eq!(read_queue("nonsense\n1|N/A|RUNNING|None\n", 9), Queue::default());
    }

    #[test]
    fn endings_are_read_from_accounts_and_from_the_controller() {
        let account = "7_1|COMPLETED|0:0\n7_2|FAILED|3:0\n7_3|TIMEOUT|0:0\n7_4|CANCELLED by 0|0:15\n7_5|RUNNING|0:0\n\
                       7_6|FAILED|0:9\n7_[8-9]|PENDING|0:0\n17_8|FAILED|1:0\n";
        let failed = |text: &str| Ending::Failed(text.to_owned());
        let expected = HashMap::from([
            (1, Ending::Completed),
            (2, failed("exit status 3")),
            (3, failed("TIMEOUT")),
            (4, Ending::Cancelled),
            (6, failed("signal 9")),
        ]);
        assert_eq!(read_account(account, 7, 9), expected);
        let controller = "JobId=8 ArrayJobId=7 ArrayTaskId=1 JobName=x JobState=COMPLETED Reason=None ExitCode=0:0\n\
                          JobId=9 ArrayJobId=7 ArrayTaskId=2 JobState=FAILED Reason=NonZeroExitCode ExitCode=3:0\n\
                          JobId=7 ArrayJobId=7 ArrayTaskId=3-4 JobState=CANCELLED Reason=None ExitCode=0:0\n\
                          JobId=11 ArrayJobId=7 ArrayTaskId=5 JobState=RUNNING Reason=None ExitCode=0:0\n";
        let expected = HashMap::from([
            (1, Ending::Completed),
            (2, failed("exit status 3")),
            (3, Ending::Cancelled),
            (4, Ending::Cancelled),
        ]);
        assert_eq!(read_jobs(controller, 9), expected);
    }
}
