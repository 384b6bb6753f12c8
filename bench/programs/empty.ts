// The other side of `preview`: the SDK, and nothing else.
import '@pulumi/pulumi';
