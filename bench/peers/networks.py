"""Pulseprint's networks in PyTorch: the other side of the speed comparison, and the oracle of the golden numbers.

Written from the papers (He et al. 2016, Touvron et al. 2021), not from the TypeScript. The modules are registered in the order in which Pulseprint's forward functions ask for their weights,
so that `named_parameters()` and Pulseprint's flat array list the same weights; `load_weights` only turns each matrix.

    python bench/peers/networks.py golden > test/golden/learning/networks.json

needs torch 2 and nothing else.
"""

import json
import math
import sys

import torch
from torch import nn
from torch.nn import functional as F


class NormalisedConvolution(nn.Module):
    def __init__(self, channels, width, kernel, stride=1):
        super().__init__()
        self.convolution = nn.Conv1d(channels, width, kernel, stride, padding=(kernel - 1) // 2, bias=False)
        self.normalisation = nn.BatchNorm1d(width)

    def forward(self, x):
        return self.normalisation(self.convolution(x))


class BasicBlock(nn.Module):
    def __init__(self, channels, width, stride):
        super().__init__()
        self.first = NormalisedConvolution(channels, width, 3, stride)
        self.second = NormalisedConvolution(width, width, 3)
        changes = stride != 1 or channels != width
        self.shortcut = NormalisedConvolution(channels, width, 1, stride) if changes else nn.Identity()

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class ResNet1d(nn.Module):
    """x: [batch, channels, time], as PyTorch has it."""

    def __init__(self, blocks, width, embedding, channels=1):
        super().__init__()
        self.stem = NormalisedConvolution(channels, width, 7, 2)
        stages = []
        before = width
        for index, count in enumerate(blocks):
            after = width * 2**index
            stages.append(nn.Sequential(*[BasicBlock(before if i == 0 else after, after, 2 if i == 0 and index > 0 else 1) for i in range(count)]))
            before = after
        self.stages = nn.ModuleList(stages)
        self.embedding = nn.Linear(before, embedding)

    def forward(self, x):
        x = F.relu(self.stem(x))
        taps = []
        for stage in self.stages:
            x = stage(x)
            taps.append(x)
        return taps, self.embedding(x.mean(2))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.normalisation = nn.LayerNorm(width, eps=1e-6)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, tokens):
        batch, count, width = tokens.shape
        parts = self.query_key_value(self.normalisation(tokens)).reshape(batch, count, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(*parts)
        return self.output(found.transpose(1, 2).reshape(batch, count, width))


class Perceptron(nn.Module):
    def __init__(self, width, expansion=4):
        super().__init__()
        self.normalisation = nn.LayerNorm(width, eps=1e-6)
        self.hidden = nn.Linear(width, expansion * width)
        self.output = nn.Linear(expansion * width, width)

    def forward(self, tokens):
        return self.output(F.gelu(self.hidden(self.normalisation(tokens))))


class Block(nn.Module):
    """keep: chance that a branch takes part for a sample while training (stochastic depth, Huang et al. 2016)."""

    def __init__(self, width, heads, keep=1.0):
        super().__init__()
        self.attention = Attention(width, heads)
        self.perceptron = Perceptron(width)
        self.keep = keep

    def kept(self, branch):
        if not self.training or self.keep == 1:
            return branch
        return branch * branch.new_empty(len(branch), 1, 1).bernoulli_(self.keep).div_(self.keep)

    def forward(self, tokens):
        tokens = tokens + self.kept(self.attention(tokens))
        return tokens + self.kept(self.perceptron(tokens))


class Tokens(nn.Module):
    def __init__(self, patches, width):
        super().__init__()
        self.class_token = nn.Parameter(torch.zeros(1, width))
        self.distillation_token = nn.Parameter(torch.zeros(1, width))
        self.positions = nn.Parameter(torch.zeros(patches + 2, width))

    def forward(self, patches):
        batch = patches.shape[0]
        tokens = torch.cat([self.class_token.expand(batch, 1, -1), self.distillation_token.expand(batch, 1, -1), patches], 1)
        return tokens + self.positions


class Deit1d(nn.Module):
    """x: [batch, channels, time]; zeros are added at the end of a window that is no multiple of the patch."""

    def __init__(self, width, depth, heads, patch, embedding, length, channels=1, drop_path=0.0):
        super().__init__()
        self.patch = patch
        self.patches = nn.Conv1d(channels, width, patch, patch)
        self.tokens = Tokens(math.ceil(length / patch), width)
        self.blocks = nn.ModuleList([Block(width, heads, 1 - drop_path * index / max(1, depth - 1)) for index in range(depth)])
        self.normalisation = nn.LayerNorm(width, eps=1e-6)
        self.class_embedding = nn.Linear(width, embedding)
        self.distillation_embedding = nn.Linear(width, embedding)

    def forward(self, x):
        x = F.pad(x, (0, -x.shape[2] % self.patch))
        tokens = self.tokens(self.patches(x).transpose(1, 2))
        depth = len(self.blocks)
        taps = []
        for index, block in enumerate(self.blocks):
            tokens = block(tokens)
            if index + 1 in [math.ceil(depth * share / 4) for share in (1, 2, 3, 4)]:
                taps.append(tokens)
        tokens = self.normalisation(tokens)
        by_class, by_teacher = self.class_embedding(tokens[:, 0]), self.distillation_embedding(tokens[:, 1])
        together = F.normalize(F.normalize(by_class, dim=1) + F.normalize(by_teacher, dim=1), dim=1)
        return taps, by_class, by_teacher, together


def ours(parameter):
    """A weight as Pulseprint lays it out: convolutions [kernel x channels, width], linear maps [channels, width]."""
    if parameter.dim() == 3:
        return parameter.permute(2, 1, 0).reshape(-1, parameter.shape[0])
    return parameter


def shapes(module):
    """(parameter, is it turned, Pulseprint's shape) in Pulseprint's order."""
    turned = {id(m.weight) for m in module.modules() if isinstance(m, nn.Linear)}
    for _, parameter in module.named_parameters():
        view = ours(parameter)
        yield parameter, id(parameter) in turned, tuple(view.T.shape if id(parameter) in turned else view.shape)


def load_weights(module, flat):
    """flat: all weights in Pulseprint's order, row-major."""
    at = 0
    with torch.no_grad():
        for parameter, is_turned, shape in shapes(module):
            values = flat[at : at + parameter.numel()].reshape(shape).to(parameter.dtype)
            if parameter.dim() == 3:
                width, channels, kernel = parameter.shape
                values = values.reshape(kernel, channels, width).permute(2, 1, 0)
            parameter.copy_(values.T if is_turned else values)
            at += parameter.numel()
    assert at == len(flat), f"{at} weights in the module, {len(flat)} given"


def pattern(count, start=0):
    """Numbers between -1 and 1 that every language computes alike."""
    index = torch.arange(start, start + count, dtype=torch.float64)
    return torch.remainder(index * 7919 + 13, 10007) / 10007 * 2 - 1


def patterned_weights(module):
    """gain: about 1; other vectors: small; matrices: variance 1 / rows."""
    gains = {id(m.weight) for m in module.modules() if isinstance(m, (nn.BatchNorm1d, nn.LayerNorm))}
    parts, at = [], 0
    for parameter, _, shape in shapes(module):
        values = pattern(parameter.numel(), at)
        if id(parameter) in gains:
            parts.append(1 + 0.2 * values)
        elif len(shape) == 1:
            parts.append(0.2 * values)
        else:
            parts.append(math.sqrt(3 / shape[0]) * values)
        at += parameter.numel()
    return torch.cat(parts)


def golden(module, batch, length, channels):
    module = module.double()
    load_weights(module, patterned_weights(module))
    at = 0
    for norm in (m for m in module.modules() if isinstance(m, nn.BatchNorm1d)):
        width = norm.num_features
        norm.running_mean.copy_(0.2 * pattern(width, at))
        norm.running_var.copy_(1 + 0.5 * pattern(width, at + width))
        at += 2 * width
    x = pattern(batch * length * channels, 5000).reshape(batch, length, channels).permute(0, 2, 1)

    def loss_of(outputs):
        # PyTorch's maps are [batch, channels, time] for the ResNet, tokens [batch, token, channels] for the DeiT.
        flat = []
        for output in outputs[0]:
            flat.append((output.transpose(1, 2) if isinstance(module, ResNet1d) else output).reshape(-1))
        flat += [output.reshape(-1) for output in outputs[1:]]
        return sum((part * pattern(len(part), 77)).sum() / math.sqrt(len(part)) for part in flat)

    module.eval()
    result = {"inference": [output.detach().flatten().tolist() for output in module(x)[1:]]}
    module.train()
    outputs = module(x)
    loss = loss_of(outputs)
    loss.backward()
    result["loss"] = loss.item()
    result["training"] = [output.detach().flatten().tolist() for output in outputs[1:]]
    result["gradients"] = []
    for parameter, is_turned, shape in shapes(module):
        gradient = ours(parameter.grad)
        gradient = (gradient.T if is_turned else gradient).reshape(-1)
        result["gradients"].append({"shape": shape, "length": gradient.norm().item(), "along": (gradient * pattern(len(gradient), 31)).sum().item()})
    result["running"] = [values.tolist() for norm in module.modules() if isinstance(norm, nn.BatchNorm1d) for values in (norm.running_mean, norm.running_var)]
    return result


if __name__ == "__main__":
    if sys.argv[1:] != ["golden"]:
        sys.exit(__doc__)
    torch.manual_seed(0)
    document = {
        "resnet": golden(ResNet1d([1, 2, 1, 1], 4, 6, channels=2), batch=3, length=41, channels=2),
        "deit": golden(Deit1d(12, 4, 3, 7, 6, length=41, channels=2), batch=3, length=41, channels=2),
    }
    rounded = json.loads(json.dumps(document), parse_float=lambda text: float(f"{float(text):.9g}"))
    print(json.dumps(rounded, separators=(",", ":")))
