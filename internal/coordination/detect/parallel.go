package detect

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel does the work of 0 to n-1 on all processors, in any order; each processor makes its own worker first. The work of
// one number must not touch what another's does: then the result is the same every time.
func parallel(n int, worker func() func(int)) {
	part := min(max(n/64, 1), 16)
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+part-1)/part) {
		all.Go(func() {
			work := worker()
			for {
				to := int(next.Add(int64(part)))
				if to-part >= n {
					return
				}
				for i := to - part; i < min(to, n); i++ {
					work(i)
				}
			}
		})
	}
	all.Wait()
}
