# Reads the output of `go test -bench -benchmem` and prints, for every benchmark with a sub-benchmark named bare, or second page,
# how the others compare with it: throughput (more is better) and allocations (less is better). Of several runs the best
# counts.

/^Benchmark[^ \t]*\// && /ns\/op/ {
  name = $1
  sub(/-[0-9]+$/, "", name)
  group = name
  sub(/\/[^\/]*$/, "", group)
  if (!(name in time)) order[++count] = name
  for (i = 3; i < NF; i += 2) {
    if ($(i + 1) == "ns/op" && (!(name in time) || $i < time[name])) time[name] = $i
    if ($(i + 1) == "allocs/op" && (!(name in allocs) || $i < allocs[name])) allocs[name] = $i
  }
  of[name] = group
}

END {
  printf "\n%-52s %12s %12s %12s\n", "benchmark", "ns/op", "throughput", "allocations"
  for (i = 1; i <= count; i++) {
    name = order[i]
    bare = of[name] "/bare"
    if (!(bare in time)) bare = of[name] "/second_page"
    if (!(bare in time)) continue
    label = name
    sub(/^Benchmark/, "", label)
    printf "%-52s %12.0f %12.2f", label, time[name], time[bare] / time[name]
    if (allocs[bare] > 0) printf " %12.2f\n", allocs[name] / allocs[bare]
    else printf " %12s\n", "-"
  }
}
