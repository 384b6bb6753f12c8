package main

import (
	"context"
	"os"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// engineLog sends lines to the engine, which shows them beside the resource while it runs.
type engineLog struct {
	lock    sync.Mutex
	address string
	engine  pulumirpc.EngineClient
}

// The engine starts a plugin with its own address as the last argument.
func newEngineLog() *engineLog { return &engineLog{address: os.Args[len(os.Args)-1]} }

func (l *engineLog) connect(address string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.address, l.engine = address, nil
}

// line returns when the engine has the line; one that cannot be sent is dropped, since it is only a display.
func (l *engineLog) line(ctx context.Context, urn resource.URN, message string) {
	engine, err := l.client()
	if err != nil {
		return
	}
	_, _ = engine.Log(ctx, &pulumirpc.LogRequest{
		Severity: pulumirpc.LogSeverity_INFO, Urn: string(urn), Message: message, Ephemeral: true,
	})
}

func (l *engineLog) client() (pulumirpc.EngineClient, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.engine == nil {
		plain := grpc.WithTransportCredentials(insecure.NewCredentials())
		connection, err := grpc.NewClient(l.address, plain, rpcutil.GrpcChannelOptions())
		if err != nil {
			return nil, err
		}
		l.engine = pulumirpc.NewEngineClient(connection)
	}
	return l.engine, nil
}
