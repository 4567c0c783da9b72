// Starts a program many times, so many at once, with pipes for stdin and stdout as libcni does, and measures each run
// from before its start until it has been waited for. Node is too slow a parent to see a process of half a millisecond.
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

type job struct {
	Program string     `json:"program"`
	Stdin   string     `json:"stdin"`
	AtOnce  int        `json:"atOnce"`
	Calls   [][]string `json:"calls"`
}

type sample struct {
	Ms    float64 `json:"ms"`
	CPUMs float64 `json:"cpuMs"`
	Code  int     `json:"code"`
	// Only of failures.
	Stdout string `json:"stdout,omitempty"`
}

func run(j *job, environment []string) sample {
	var stdout bytes.Buffer
	command := exec.Command(j.Program)
	command.Env, command.Stdin, command.Stdout = environment, bytes.NewReader([]byte(j.Stdin)), &stdout
	start := time.Now()
	err := command.Run()
	taken := time.Since(start)
	if command.ProcessState == nil {
		return sample{Code: -1, Stdout: err.Error()}
	}
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	s := sample{Ms: taken.Seconds() * 1e3, CPUMs: cpu.Seconds() * 1e3, Code: command.ProcessState.ExitCode()}
	if s.Code != 0 {
		s.Stdout = stdout.String()
	}
	return s
}

func main() {
	var j job
	if err := json.NewDecoder(os.Stdin).Decode(&j); err != nil {
		panic(err)
	}
	samples := make([]sample, len(j.Calls))
	next := make(chan int, len(j.Calls))
	for at := range j.Calls {
		next <- at
	}
	close(next)
	var workers sync.WaitGroup
	for worker := 0; worker < j.AtOnce; worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for at := range next {
				samples[at] = run(&j, j.Calls[at])
			}
		}()
	}
	workers.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(samples); err != nil {
		panic(err)
	}
}
