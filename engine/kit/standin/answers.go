package standin

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Refuse is the answer to what a stand-in has not. The engine shows it as it is.
func Refuse(format string, args ...any) error {
	return status.Errorf(codes.Unimplemented, format, args...)
}

func nameTheRefusal(name string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		answer, err := handle(ctx, request)
		return answer, named(name, info.FullMethod, err)
	}
}

func nameTheStreamsRefusal(name string) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		return named(name, info.FullMethod, handle(server, stream))
	}
}

// What the library answers for a method that nobody wrote does not say who answers, nor what to do about it.
func named(name, method string, err error) error {
	if err == nil || !strings.HasSuffix(err.Error(), "is not yet implemented") {
		return err
	}
	method = method[strings.LastIndex(method, "/")+1:]
	return Refuse("%s (stand-in) does not implement %s. Next: see docs/engine.md for the official plugins.", name, method)
}

// survive makes a fault of ours an answer: the process goes on, and with it the commands that run.
func survive(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (answer any, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = status.Errorf(codes.Internal, "a fault of the stand-in: %v\n%s", fault, debug.Stack())
		}
	}()
	return handle(ctx, request)
}

// keepTheDetails says of a diff what the library leaves out: that it has details, without which the engine passes over
// them, and that what is gone replaces. Names are in order, which the library's maps are not.
func keepTheDetails(
	ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler,
) (any, error) {
	answer, err := handle(ctx, request)
	diff, isDiff := answer.(*pulumirpc.DiffResponse)
	if !isDiff || diff == nil {
		return answer, err
	}
	diff.HasDetailedDiff = len(diff.DetailedDiff) > 0
	for _, path := range diff.Replaces {
		if detail := diff.DetailedDiff[path]; detail != nil && detail.Kind == pulumirpc.PropertyDiff_DELETE {
			detail.Kind = pulumirpc.PropertyDiff_DELETE_REPLACE
		}
	}
	slices.Sort(diff.Diffs)
	slices.Sort(diff.Replaces)
	return diff, err
}
