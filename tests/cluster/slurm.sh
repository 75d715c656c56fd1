#!/usr/bin/env bash
# A Slurm of one machine in a folder of its own: munged, slurmctld and slurmd, without systemd, cgroups and accounting.
#   slurm.sh start DIR [CPUS]   prints the path of the slurm.conf to use as SLURM_CONF
#   slurm.sh stop DIR
# Ends with status 77 where Slurm is not installed.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
command=$1 dir=$2 cpus=${3:-4}

stop() {
    for name in slurmd slurmctld munged; do
        if [ -s "$dir/$name.pid" ]; then kill "$(cat "$dir/$name.pid")" 2>/dev/null || true; fi
    done
}
if [ "$command" = stop ]; then stop; exit 0; fi

missing=
for program in munged slurmctld slurmd sbatch squeue scontrol scancel; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
[ "$(id -u)" = 0 ] || missing="$missing root"
if [ -n "$missing" ]; then echo "a Slurm for tests needs:$missing (apt-get install slurm-wlm munge)" >&2; exit 77; fi

# The daemons outlive this script, and are not to hold what its caller has open.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
mkdir -p "$dir/state" "$dir/spool"
chmod 700 "$dir"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
head -c 1024 /dev/urandom > "$dir/munge.key"
chmod 400 "$dir/munge.key"
munged --force --key-file="$dir/munge.key" --socket="$dir/munge.socket" --pid-file="$dir/munged.pid" \
    --log-file="$dir/munged.log" --seed-file="$dir/munge.seed"
host=$(hostname -s)
cat > "$dir/slurm.conf" <<CONF
ClusterName=neartop
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=200000
ReturnToService=2
KillWait=2
MinJobAge=${MIN_JOB_AGE:-300}
OverTimeLimit=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=4096 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=60 State=UP
CONF
export SLURM_CONF=$dir/slurm.conf
slurmctld
slurmd
for _ in $(seq 100); do
    if sinfo -h -o %T 2>/dev/null | grep -q -E 'idle|mixed'; then echo "$SLURM_CONF"; exit 0; fi
    sleep 0.2
done
echo "Slurm did not start:" >&2
tail -n 20 "$dir"/slurmctld.log "$dir"/slurmd.log >&2
stop
exit 1
