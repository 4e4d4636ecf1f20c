import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from convoscope.last_layer import LastLayer
from convoscope.learning_step import cross_entropy, learning_step


def layer(seed: int, classes: int = 5, features: int = 7) -> LastLayer:
    rng = np.random.default_rng(seed)
    return LastLayer(rng.normal(size=features), rng.normal(size=(classes, features)), rng.normal(size=classes))


@given(seed=st.integers(0, 1000), target=st.integers(0, 4), rate=st.floats(0.001, 1))
def test_it_is_a_step_of_pytorchs_gradient_descent(seed, target, rate):
    before = layer(seed)
    step = learning_step(before, target, rate)
    weights, bias = (torch.tensor(each, requires_grad=True) for each in (before.weights, before.bias))
    optimiser = torch.optim.SGD([weights, bias], lr=rate)
    logits = weights @ torch.tensor(before.features) + bias
    loss = torch.nn.functional.cross_entropy(logits[None], torch.tensor([target]))
    loss.backward()
    assert step.loss == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(step.probabilities, logits.softmax(0).detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(step.gradient, weights.grad.numpy(), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(step.error, bias.grad.numpy(), rtol=1e-9, atol=1e-14)
    optimiser.step()
    np.testing.assert_allclose(step.after.weights, weights.detach().numpy(), rtol=1e-9)
    np.testing.assert_allclose(step.after.bias, bias.detach().numpy(), rtol=1e-9)
    then = weights @ torch.tensor(before.features) + bias
    np.testing.assert_allclose(step.probabilities_after, then.softmax(0).detach().numpy(), rtol=1e-9)
    loss = torch.nn.functional.cross_entropy(then[None], torch.tensor([target]))
    assert step.loss_after == pytest.approx(loss.item(), rel=1e-9)


def test_each_gradient_is_what_a_small_change_does():
    before, tiny = layer(3), 1e-6
    step = learning_step(before, 2, 0.1)
    for at in np.ndindex(before.weights.shape):
        losses = []
        for change in (tiny, -tiny):
            weights = before.weights.copy()
            weights[at] += change
            losses.append(cross_entropy(weights @ before.features + before.bias, 2))
        assert (losses[0] - losses[1]) / (2 * tiny) == pytest.approx(step.gradient[at], abs=1e-8)


@given(seed=st.integers(0, 1000), target=st.integers(0, 4))
def test_a_small_step_lowers_the_loss(seed, target):
    step = learning_step(layer(seed), target, 0.001)
    assert step.loss_after < step.loss
    assert step.probabilities_after[target] > step.probabilities[target]


def test_large_logits_do_not_overflow():
    assert cross_entropy(np.array([2000.0, 0.0]), 1) == 2000
