package standin

import (
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	grace     = 2 * time.Second
	gracePoll = 20 * time.Millisecond
)

var running = struct {
	sync.Mutex
	leaders map[int]struct{}
}{leaders: map[int]struct{}{}}

// Run starts the command as the leader of a process group of its own, so that it can be ended with all that it
// started, and waits until it has ended and nobody holds its output.
func Run(command *exec.Cmd, stop <-chan struct{}) error {
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	running.Lock()
	err := command.Start()
	if err != nil {
		running.Unlock()
		return err
	}
	leader := command.Process.Pid
	running.leaders[leader] = struct{}{}
	running.Unlock()
	ended := make(chan struct{})
	go func() {
		select {
		case <-stop:
			endGroup(leader)
		case <-ended:
		}
	}()
	err = command.Wait()
	close(ended)
	running.Lock()
	delete(running.leaders, leader)
	running.Unlock()
	return err
}

// EndAll asks every command that runs to end, then makes it end. None starts before all have ended.
func EndAll() {
	running.Lock()
	defer running.Unlock()
	endRunning()
}

// endForGood is for the end of the process: the lock is kept, so that no command starts any more.
func endForGood() {
	running.Lock()
	endRunning()
}

func endRunning() {
	var ending sync.WaitGroup
	for leader := range running.leaders {
		ending.Go(func() { endGroup(leader) })
	}
	ending.Wait()
}

func endGroup(leader int) {
	if syscall.Kill(-leader, syscall.SIGTERM) != nil {
		return
	}
	for limit := time.Now().Add(grace); time.Now().Before(limit); {
		time.Sleep(gracePoll)
		if syscall.Kill(-leader, 0) != nil {
			return
		}
	}
	_ = syscall.Kill(-leader, syscall.SIGKILL)
}
