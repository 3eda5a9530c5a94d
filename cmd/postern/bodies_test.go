package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	floodClients = 24
	floodBody    = 8 << 20
)

// flood sends large bodies to the log-in of a server, all at once, and returns what was answered. The bodies come in
// chunks, so that the server cannot go by a declared length, and each client sends as much as the server takes.
func flood(t testing.TB, url string) []int {
	t.Helper()
	body := []byte(`{"username":[` + strings.Repeat("0,", floodBody/2) + "0]}")
	head := fmt.Sprintf("POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", len(body))
	statuses := make([]int, floodClients)
	var working sync.WaitGroup
	for i := range floodClients {
		working.Go(func() {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				return
			}
			defer conn.Close()
			_, err = (&net.Buffers{[]byte(head), body, []byte("\r\n0\r\n\r\n")}).WriteTo(conn)
			if res, wrong := http.ReadResponse(bufio.NewReader(conn), nil); wrong == nil {
				statuses[i] = res.StatusCode
				_ = res.Body.Close()
			} else if err != nil {
				statuses[i] = http.StatusRequestEntityTooLarge // the connection was closed while the body was being sent
			}
		})
	}
	working.Wait()
	return statuses
}

// residentMemory is how many bytes of memory a process holds, and how many it held at most.
func residentMemory(t testing.TB, p *process) (now, most int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if os.IsNotExist(err) {
		t.Skip("no /proc to read the memory of a process from")
	}
	require.NoError(t, err)
	value := func(name string) int {
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
				kB, err := strconv.Atoi(fields[1])
				require.NoError(t, err)
				return kB << 10
			}
		}
		t.Fatalf("no %s", name)
		return 0
	}
	return value("VmRSS:"), value("VmHWM:")
}

// TestLargeBodiesToLogin sends 24 bodies of 8 MiB at once to whom anybody may send one.
func TestLargeBodiesToLogin(t *testing.T) {
	without(t)
	p := startProcess(t, newCrashSite(t, "sqlite"))
	before, _ := residentMemory(t, p)
	for _, status := range flood(t, p.url) {
		require.Equal(t, http.StatusRequestEntityTooLarge, status)
	}
	_, most := residentMemory(t, p)
	t.Logf("%d MiB before, %d MiB at most", before>>20, most>>20)
	require.Less(t, most-before, 64<<20, "%d bytes before, %d at most", before, most)
	require.NoError(t, p.call(t.Context(), "GET", "/api/whoami", nil), "the server goes on")
}

// BenchmarkReaderBesideLargeBodies measures how long a reader waits while the same bodies come in, beside how long it waits
// alone. The slowest hundredth may take three times as long, or 25 ms.
func BenchmarkReaderBesideLargeBodies(b *testing.B) {
	without(b)
	p := startProcess(b, newCrashSite(b, "sqlite"))
	for b.Loop() {
		quiet := slowest(b, p, 1000, nil)
		stop := make(chan struct{})
		var flooding sync.WaitGroup
		flooding.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					flood(b, p.url)
				}
			}
		})
		beside := slowest(b, p, 1000, stop)
		flooding.Wait()
		b.ReportMetric(float64(quiet.Microseconds()), "quiet-p99-us")
		b.ReportMetric(float64(beside.Microseconds()), "beside-p99-us")
		if beside > max(3*quiet, 25*time.Millisecond) {
			b.Errorf("the slowest hundredth of the reads took %s, alone %s", beside, quiet)
		}
	}
}

// slowest returns how long the fastest of the slowest hundredth of the reads took, and closes stop after the last one.
func slowest(b *testing.B, p *process, reads int, stop chan struct{}) time.Duration {
	b.Helper()
	if stop != nil {
		defer close(stop)
	}
	took := make([]time.Duration, reads)
	for i := range took {
		start := time.Now()
		require.NoError(b, p.call(b.Context(), "GET", "/api/whoami", nil))
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took[reads*99/100]
}
