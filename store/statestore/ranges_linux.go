package statestore

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// setLock is F_OFD_SETLK: a lock of the open file rather than of the process, so that nothing else that the process opens
// and closes gives it up.
const setLock = 37

func lockByte(file *os.File, at int64) (bool, error) {
	err := control(file, syscall.F_WRLCK, at)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock the file of locks: %w", err)
	}
	return true, nil
}

// unlockByte fails only if the file is closed, and then the lock is gone too.
func unlockByte(file *os.File, at int64) { _ = control(file, syscall.F_UNLCK, at) }

func control(file *os.File, kind int16, at int64) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = syscall.FcntlFlock(fd, setLock, &syscall.Flock_t{Type: kind, Start: at, Len: 1})
	})
	return errors.Join(err, failed)
}
