# A repository that has lost its data, a source that is empty, and a backup that is old.
a=$(port)
export RESTIC_PASSWORD=x RESTIC_REPOSITORY="$WORK/repo" RESTIC_CACHE_DIR="$WORK/cache" PROOF="$WORK/checked"
as mkdir source empty
as sh -c 'for n in $(seq 150); do head -c 20000 /dev/urandom >source/$n; done'
as restic -q init >/dev/null
as restic -q backup source
as restic -q check --read-data >/dev/null
as touch checked
COMMAND_MS_MAX=9000 health restic "$a" restic
usual() { as restic snapshots --no-lock --json --latest 1 >/dev/null && echo "snapshots: exit 0"; }
tell "backup and check of today" pass "$(usual)" "$a"
as touch -d '10 days ago' checked
tell "last check ten days ago" response_json_too_old "$(usual)" "$a"
as touch checked
as rm -rf repo/data
tell "the repository has lost its data: not seen before the next check" pass "$(usual)" "$a"
# What a job of the operator's does each week. restic tries for a while to read what is gone.
if as timeout 10 restic -q check --read-data >/dev/null 2>&1; then as touch checked; else as rm checked; fi
tell "the check has failed since" response_json_null "$(usual)" "$a"
as rm -rf repo cache
as restic -q init >/dev/null
as touch checked
as restic -q backup empty 2>/dev/null
tell "a backup of nothing" response_json_below_min "backup: exit $?" "$a"
as rm -rf repo cache
as restic -q init >/dev/null
as restic -q backup --time '2020-01-01 00:00:00' source
tell "the last backup is of 2020" response_json_too_old "$(usual)" "$a"
