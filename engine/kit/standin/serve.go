// Package standin is what every stand-in for an official plugin shares: how it serves, how it ends, what it says it is.
package standin

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

const parentPoll = 500 * time.Millisecond

// Serve answers the engine for `provider` on a free loopback port, says which on stdout, and ends the process when the
// engine is gone, with every command that still runs.
func Serve(name string, provider plugin.Provider) {
	introduce(name)
	endWithTheEngine()
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(server, plugin.NewProviderServer(provider))
			return nil
		},
		Options: []grpc.ServerOption{
			grpc.ChainUnaryInterceptor(nameTheRefusal(name), keepTheDetails, survive),
			grpc.ChainStreamInterceptor(nameTheStreamsRefusal(name)),
		},
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	fmt.Println(handle.Port)
	<-handle.Done
}

// introduce says on stderr what this process is; the engine shows a plugin's stderr at debug level only.
func introduce(name string) {
	_, isDebug := os.LookupEnv("PULUMI_DEBUG")
	for _, argument := range os.Args {
		isDebug = isDebug || strings.HasPrefix(argument, "-v=")
	}
	if isDebug {
		fmt.Fprintf(os.Stderr, "%s: stand-in of this project, not the official plugin (docs/engine.md)\n", name)
	}
}

// The engine keeps our stdin open for as long as it lives. The parent's id is for an engine that lends it to others.
func endWithTheEngine() {
	end := sync.OnceFunc(func() {
		endForGood()
		os.Exit(0)
	})
	// A reader that is gone must not keep us from ending our children. Ignored, it would be so in every command as well.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		end()
	}()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		end()
	}()
	parent := os.Getppid()
	go func() {
		for range time.Tick(parentPoll) {
			if os.Getppid() != parent {
				end()
			}
		}
	}()
}
