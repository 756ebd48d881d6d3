"""The network on the digits: its gradients, what is paired, what is kept, and what happens to networks that diverge."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from lrlab.lessons import network
from lrlab.lessons.digits import digits
from lrlab.lessons.network import (
    DIVERGED_ABOVE,
    MOMENTUM,
    Networks,
    Outcome,
    Setup,
    Training,
    kept_at,
    optimizer,
    squeezed,
    task,
    train,
)
from lrlab.lessons.optimizers import SGD, Adam, Optimizer

SMALL = Setup(hidden=(8,), batch_size=30, epochs=3, samples=200, dtype="float64")


def last(setup: Setup, rates: np.ndarray, seeds: int = 2, snapshots: tuple[tuple[int, ...], ...] = ()) -> Outcome:
    *_, (share, outcome) = train(setup, rates, seeds, snapshots)
    assert share == 1
    return outcome


def flat(setup: Setup, *rates: float) -> np.ndarray:
    return np.repeat(np.array(rates)[:, None], setup.steps, axis=1)


def test_the_data_are_the_published_ones_parted_in_two() -> None:
    """The counts of each digit in the test part of the UCI data set, as its own description gives them."""
    data = digits()
    assert data.train_x.shape == (1297, 64)
    assert data.test_x.shape == (500, 64)
    counts = np.bincount(np.concatenate([data.train_y, data.test_y]))
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.train_x.min() == 0
    assert data.train_x.max() == 1
    with pytest.raises(ValueError, match="read-only"):
        data.test_x[0] = 0


@pytest.mark.parametrize("hidden", [(), (8,), (7, 5, 6)])
def test_the_gradient_is_the_slope_of_the_loss(hidden: tuple[int, ...]) -> None:
    setup = dataclasses.replace(SMALL, hidden=hidden)
    networks = Networks(setup, 2, 2)
    rng = np.random.default_rng(0)
    networks.parameters += rng.normal(0, 0.1, networks.parameters.shape)
    pixels, targets = (part[networks.order()[:, :20]] for part in task(setup))
    networks.backward(pixels, targets)
    gradients = networks.gradients.copy()
    step = 1e-6
    for place in rng.integers(0, networks.parameters.shape[-1], 40):
        networks.parameters[..., place] += step
        above = networks.backward(pixels, targets)
        networks.parameters[..., place] -= 2 * step
        below = networks.backward(pixels, targets)
        networks.parameters[..., place] += step
        np.testing.assert_allclose(gradients[..., place], (above - below) / (2 * step), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("alone", [1, 1500])
def test_products_in_pieces_come_to_the_same(alone: int, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = dataclasses.replace(SMALL, hidden=(9, 8))
    whole = last(setup, flat(setup, 0.1))
    monkeypatch.setattr(network, "ALONE", alone)
    np.testing.assert_allclose(last(setup, flat(setup, 0.1)).loss, whole.loss, rtol=1e-12)


def test_every_label_but_the_asked_share_is_right() -> None:
    _, right = task(dataclasses.replace(SMALL, label_noise=0.0))
    _, some = task(dataclasses.replace(SMALL, label_noise=0.3))
    assert (right.argmax(axis=1) == digits().train_y[:200]).all()
    assert (right.argmax(axis=1) != some.argmax(axis=1)).mean() == pytest.approx(0.3)


def test_it_learns_and_the_share_done_rises() -> None:
    setup = Setup(epochs=4, label_noise=0.0)
    outcomes = list(train(setup, flat(setup, 0.1), 3))
    assert [share for share, _ in outcomes] == [0.25, 0.5, 0.75, 1]
    assert [outcome.epochs.tolist() for _, outcome in outcomes][1] == [1, 2]
    assert (outcomes[-1][1].accuracy[..., -1] > 0.9).all()
    assert (outcomes[-1][1].diverged == -1).all()


def test_within_an_epoch_it_yields_the_last_outcome_again_and_comes_to_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seven steps an epoch; with no pause at all a yield after every one, and at the end of the epoch."""
    rates, kept = flat(SMALL, 0.1, 40.0), ((4, 9), ())
    expected = last(SMALL, rates, snapshots=kept)
    monkeypatch.setattr(network, "PAUSE", 0.0)
    shares, outcomes = zip(*train(SMALL, rates, 2, kept), strict=True)
    assert list(shares) == [(7 * epoch + min(step, 7)) / 21 for epoch in range(3) for step in range(1, 9)]
    assert outcomes[:7] == (None,) * 7
    assert outcomes[7].epochs.tolist() == [1]
    assert all(outcome is outcomes[7] for outcome in outcomes[8:15])
    for field in dataclasses.fields(Outcome):
        np.testing.assert_equal(getattr(outcomes[-1], field.name), getattr(expected, field.name), err_msg=field.name)


@pytest.mark.parametrize(("kept", "pauses"), [((), [3, 6, 7]), ((0,), [1, 4, 7])])
def test_a_pause_is_counted_in_work_and_a_look_at_a_snapshot_is_work(
    kept: tuple[int, ...], pauses: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "PAUSE", 2.5 * 2 * SMALL.step_seconds)
    assert SMALL.look_seconds > 1.5 * SMALL.step_seconds
    shares = [share for share, _ in itertools.islice(train(SMALL, flat(SMALL, 0.1), 2, (kept,)), len(pauses))]
    assert shares == [step / 21 for step in pauses]


def test_equal_schedules_train_equal_networks_and_seeds_differ() -> None:
    outcome = last(SMALL, flat(SMALL, 0.1, 0.1))
    np.testing.assert_array_equal(outcome.loss[0], outcome.loss[1])
    assert (outcome.loss[:, 0] != outcome.loss[:, 1]).all()


def test_networks_of_one_seed_begin_alike_and_a_rate_of_zero_leaves_them_there() -> None:
    networks = Networks(SMALL, 3, 2)
    begin = networks.parameters.copy()
    np.testing.assert_array_equal(begin[0], begin[2])
    networks.step(networks.order()[:, :30], np.array([0.0, 0.1, 0.2]))
    np.testing.assert_array_equal(networks.parameters[0], begin[0])
    assert (networks.parameters[1:] != begin[1:]).any(axis=-1).all()


@pytest.mark.parametrize("optimizer", [SGD(), SGD(nesterov=True), Adam()])
def test_a_schedule_alone_comes_to_the_same_as_among_others(optimizer: Optimizer) -> None:
    """However many stacks that makes, and whatever diverges beside it."""
    setup = dataclasses.replace(SMALL, optimizer=optimizer)
    rates = flat(setup, 1e8, *np.geomspace(1e-3, 0.1, 30))
    ends = [(4, 9)] * 31
    together, alone = last(setup, rates, snapshots=tuple(ends)), last(setup, rates[[29]], snapshots=((4, 9),))
    np.testing.assert_allclose(together.loss[29], alone.loss[0], rtol=1e-12)
    np.testing.assert_array_equal(together.accuracy[29], alone.accuracy[0])
    np.testing.assert_array_equal(together.ensemble_accuracy[29], alone.ensemble_accuracy[0])


def test_more_seeds_leave_the_first_ones_as_they_were() -> None:
    np.testing.assert_allclose(
        last(SMALL, flat(SMALL, 0.1), 5).loss[:, :2], last(SMALL, flat(SMALL, 0.1), 2).loss, rtol=1e-12
    )


# ---------------------------------------------------------------- snapshots


def test_a_snapshot_after_an_epoch_is_the_model_after_it_and_alone_its_own_ensemble() -> None:
    steps = SMALL.steps_per_epoch
    outcome = last(SMALL, flat(SMALL, 0.1, 0.05), snapshots=((steps - 1, 3 * steps - 1), ()))
    assert [reached.tolist() for reached in outcome.snapshots] == [[steps - 1, 3 * steps - 1], []]
    np.testing.assert_array_equal(outcome.snapshot_accuracy[0], outcome.accuracy[0][:, [0, 2]])
    np.testing.assert_array_equal(outcome.ensemble_accuracy[0][:, 0], outcome.snapshot_accuracy[0][:, 0])
    assert outcome.snapshot_accuracy[1].shape == (2, 0)


def test_an_ensemble_is_right_where_the_mean_of_its_probabilities_is() -> None:
    """Followed by hand, network by network."""
    ends = (2, 9, 20)
    outcome = last(SMALL, flat(SMALL, 0.1), 1, (ends,))
    networks, batches, kept = Networks(SMALL, 1, 1), [], []
    for _ in range(SMALL.epochs):
        order = networks.order()
        batches += [order[:, at : at + 30] for at in range(0, 200, 30)]
    for step, batch in enumerate(batches):
        networks.step(batch, np.array([0.1]))
        if step in ends:
            kept.append(networks.probabilities()[0, 0])
            right = np.mean(kept, axis=0).argmax(axis=-1) == digits().test_y
            assert outcome.ensemble_accuracy[0][0, len(kept) - 1] == right.mean()


def test_an_ensemble_of_one_model_kept_twice_is_that_model() -> None:
    setup = dataclasses.replace(SMALL, epochs=1)
    outcome = last(
        setup, np.array([[0.1, 0.1, 0.1, 0, 0, 0, 0]]), snapshots=((2, 4, 6),)
    )  # no velocity moves at a rate of 0
    np.testing.assert_array_equal(outcome.ensemble_accuracy[0], outcome.snapshot_accuracy[0][:, [0, 0, 0]])


# ---------------------------------------------------------------- what is trained


def test_an_optimizer_has_the_momentum_that_it_is_given() -> None:
    """Adam's is beta1; Nesterov's step needs one."""
    assert [optimizer(name, 0.5) for name in ("SGD", "SGD, Nesterov", "Adam")] == [
        SGD(0.5),
        SGD(0.5, nesterov=True),
        Adam(beta1=0.5),
    ]
    assert optimizer("SGD, Nesterov", 0.0) == SGD(0.0)
    assert [optimizer(name) for name in ("SGD", "Adam")] == [SGD(MOMENTUM), Adam(beta1=MOMENTUM)]
    settings = Training(optimizer="Adam", momentum=0.3, hidden=7, batch=20, epochs=4, samples=50, noise=0.1)
    assert settings.setup == Setup((7,), 20, 4, Adam(beta1=0.3), samples=50, label_noise=0.1)


# ---------------------------------------------------------------- divergence


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", [SGD(), Adam()])
@pytest.mark.parametrize("rate", [1e7, 1e30, 1e300])
def test_a_network_that_diverges_is_named_with_its_step_and_gives_numbers_only(
    dtype: str, optimizer: Optimizer, rate: float
) -> None:
    """Step 8 blows it up, so the loss of step 9 is the first to show it. Warnings are errors here."""
    setup = dataclasses.replace(SMALL, optimizer=optimizer, dtype=dtype)
    rates = flat(setup, 0.01, 0.01)
    rates[1, 8] = rate
    outcome = last(setup, rates, snapshots=((3, 8, 9), (3, 8, 9)))
    assert outcome.diverged.tolist()[0] == [-1, -1]
    assert set(outcome.diverged.tolist()[1]) <= {8, 9}  # a snapshot after step 8 shows it at once
    for part in (outcome.loss, outcome.accuracy, *outcome.snapshot_accuracy, *outcome.ensemble_accuracy):
        assert np.isfinite(part).all()
    assert outcome.loss.max() <= DIVERGED_ABOVE
    np.testing.assert_allclose(outcome.loss[1, :, -1], np.log(10), rtol=1e-6)


def test_the_step_of_divergence_is_the_first_whose_loss_is_beyond_the_bound() -> None:
    """Against the losses of the same network stepped by hand, which stop there."""
    rate = 40.0
    outcome = last(SMALL, flat(SMALL, rate), 1)
    step = int(outcome.diverged[0, 0])
    assert step > 0
    networks = Networks(SMALL, 1, 1)
    order = networks.order()
    losses = [float(networks.step(order[:, at : at + 30], np.array([rate]))[0, 0]) for at in range(0, 200, 30)]
    assert max(losses[:step]) < DIVERGED_ABOVE
    assert losses[step] == DIVERGED_ABOVE


@pytest.mark.parametrize(("bias", "diverged"), [(DIVERGED_ABOVE - 1, -1), (DIVERGED_ABOVE + 1, 0)])
def test_the_bound_is_the_bound(bias: float, diverged: int) -> None:
    """Networks that say 0 with a certainty of exp(bias), shown other digits, have a loss of the bias."""
    networks = Networks(SMALL, 1, 1)
    networks.parameters[...] = 0
    networks.parameters[..., -10] = bias
    others = np.flatnonzero(task(SMALL)[1][:, 0] == 0)[None, :20]
    assert networks.step(others, np.zeros(1))[0, 0] == pytest.approx(min(bias, DIVERGED_ABOVE))
    assert networks.diverged.tolist() == [[diverged]]


def test_a_frozen_network_gives_every_digit_a_tenth_whatever_has_overflowed() -> None:
    networks = Networks(SMALL, 1, 2)
    chosen = networks.order()[:, :30]
    networks._state[0][0, 0] = np.inf  # noqa: SLF001 (no loss is known to bring it about, and rounding may)
    networks.step(chosen, np.array([0.1]))
    assert (networks.probabilities()[0, 0] == 0.1).all()
    losses = [networks.step(chosen, np.array([0.1]))[0, 0] for _ in range(3)]
    np.testing.assert_allclose(losses, np.log(10))
    assert networks.diverged.tolist() == [[0, -1]]
    assert (networks.parameters[0, 0] == 0).all()


def test_the_last_update_of_all_may_be_the_one_that_breaks_it() -> None:
    rates = flat(SMALL, 0.01)
    rates[0, -1] = np.finfo(np.float64).max
    assert (last(SMALL, rates).diverged == SMALL.steps - 1).all()


@pytest.mark.parametrize("shape", [(2, 20), (21,)])
def test_rates_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="schedules, 21"):
        next(train(SMALL, np.full(shape, 0.1), 2))


# ---------------------------------------------------------------- squeezed runs


@pytest.mark.parametrize(("length", "steps"), [(9100, 1230), (7, 21), (2, 2), (10**12, 100), (1, 5)])
def test_a_squeezed_run_begins_and_ends_with_the_run_and_never_goes_back(length: int, steps: int) -> None:
    places = squeezed(length, steps)
    assert places.size == steps
    assert (places[0], places[-1]) == (0, length - 1)
    assert (np.diff(places) >= 0).all()
    np.testing.assert_allclose(places, np.arange(steps) * (length - 1) / (steps - 1), rtol=0, atol=0.5)


def test_of_a_run_of_the_training_s_own_length_every_step_is_itself() -> None:
    assert squeezed(50, 50).tolist() == list(range(50))
    assert kept_at(50, 50, [9, 29]) == [9, 29]


def test_weights_are_kept_before_the_first_rate_of_the_next_cycle() -> None:
    """A run of 1,000 steps that restarts at 300 and 700, squeezed to 100."""
    places = squeezed(1000, 100)
    for kept, restart in zip(kept_at(1000, 100, [299, 699]), (300, 700), strict=True):
        assert places[kept] < restart <= places[kept + 1]
