import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from scipy import stats

from keras_amp import checks, policy
from keras_amp.mixup.backend import pull_back
from tests.helpers import in_mode

ALPHAS = [0.05, 0.2, 0.5, 1.0, 1.5, 4.0, 8.0]


def assert_beta_distributed(lam, alpha):
    lam = np.asarray(lam, dtype="float64")
    assert stats.binomtest(int(sum(lam < 0.5)), len(lam)).pvalue > 1e-3
    # In between float32 resolves every draw; near 1 it has a grid.
    beta, (least, most) = stats.beta(alpha, alpha), (1e-37, 0.5)
    inside = lam[(lam > least) & (lam < most)]
    below, within = beta.cdf(least), beta.cdf(most) - beta.cdf(least)
    test = stats.kstest(inside, lambda x: (beta.cdf(x) - below) / within)
    assert test.pvalue > 1e-3
    variance = 1 / (4 * (2 * alpha + 1))
    assert np.var(lam) == pytest.approx(variance, rel=0.05)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_lam_is_beta_distributed(alpha):
    lam = policy.sample_lam(40_000, alpha, seed=7)
    assert keras.backend.standardize_dtype(lam.dtype) == "float32"
    assert_beta_distributed(lam, alpha)


@pytest.mark.parametrize("alpha", [1e-4, 0.05, 1.0, 8.0, 1e4])
def test_lam_is_never_nan_nor_outside(alpha):
    lam = np.asarray(policy.sample_lam(100_000, alpha, seed=3))
    assert np.all((lam >= 0) & (lam <= 1))


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_lam_compiles_under_xla(alpha):
    # XLA draws other numbers from the same seed, of the same distribution.
    draw = in_mode("xla", lambda: policy.sample_lam(20_000, alpha, seed=5))
    assert_beta_distributed(draw(), alpha)


def test_lam_smallest_uniforms_give_a_number(monkeypatch):
    corners = ops.array([[0.0, 0.0, 1e-7, 1.0], [0.25, 0.0, 0.75, 0.25]])
    monkeypatch.setattr(keras.random, "uniform", lambda *a, **k: corners)
    assert np.all(np.isfinite(np.asarray(policy.sample_lam(4, 0.05))))


@pytest.mark.parametrize("alpha", [0, -1.0, float("nan"), float("inf"), 1e39])
def test_alpha_must_be_positive(alpha):
    with pytest.raises(ValueError, match=r"`alpha`.*Received: alpha="):
        policy.sample_lam(3, alpha)


@pytest.mark.parametrize("mode", ["eager", "xla"])
def test_partner_is_a_permutation(mode):
    draw = in_mode(mode, lambda: policy.sample_partner(50, seed=2))
    partner = np.asarray(draw())
    assert sorted(partner) == list(range(50))
    assert list(partner) != list(range(50))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_interpolate_is_the_loop_over_examples(dtype):
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("on JAX, Keras computes in single precision")
    rng = np.random.default_rng(0)
    x = ops.cast(rng.normal(size=(5, 3, 2)), dtype)
    lam = rng.uniform(size=5).astype("float32")
    partner = rng.permutation(5)
    mixed = policy.interpolate(x, partner, lam)
    assert keras.backend.standardize_dtype(mixed.dtype) == dtype
    values = ops.convert_to_numpy(x).astype("float64")
    for i, j in enumerate(partner):
        expected = np.float64(lam[i]) * values[i]
        expected += (1 - np.float64(lam[i])) * values[j]
        np.testing.assert_allclose(
            ops.convert_to_numpy(mixed[i]).astype("float64"),
            expected,
            rtol={"float16": 2e-3, "bfloat16": 2e-2}.get(dtype, 1e-6),
            atol=1e-3 if "16" in dtype else 1e-7,
        )


def test_interpolate_at_the_ends_is_exact():
    x = ops.array([[1.1], [2.2], [3.3]])
    partner = [1, 2, 0]
    np.testing.assert_array_equal(
        policy.interpolate(x, partner, np.ones(3, "float32")), x
    )
    np.testing.assert_array_equal(
        policy.interpolate(x, partner, np.zeros(3, "float32")),
        np.asarray(x)[partner],
    )


MODES = ["eager", "graph", "xla"]
LAM = np.array([0.25, 0.5, 0.75, 1.0], "float32")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "partner", [[1, 2, 3, 0], [1, 1, 0, 1], [2, 2, 2, 2], [0, 1, 2, 3]]
)
@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 3, 2)])
def test_partners_may_repeat(mode, partner, shape):
    rng = np.random.default_rng(0)
    x, slope = rng.normal(size=(2, *shape)).astype("float32")

    def by_x(x):
        def total(x):
            mixed = policy.interpolate(x, partner, LAM)
            return ops.sum(ops.multiply(slope, mixed))

        return pull_back(total, x, upstream=ops.ones(()))[1]

    got = in_mode(mode, by_x)(ops.convert_to_tensor(x))
    lam = LAM.reshape(-1, *[1] * (len(shape) - 1))
    expected = lam * slope
    for i, j in enumerate(partner):
        expected[j] += ((1 - lam) * slope)[i]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("lam", [(1.2, 0.5), (1.2, 1.0), (-0.25, 0.0)])
def test_a_lam_beyond_0_and_1_extrapolates(mode, lam):
    interpolate = in_mode(
        mode, lambda x, lam: policy.interpolate(x, [1, 0], lam)
    )
    got = interpolate(*map(ops.array, ([[1.0], [10.0]], lam)))
    expected = [[lam[0] + 10 * (1 - lam[0])], [10 * lam[1] + 1 - lam[1]]]
    np.testing.assert_allclose(got, expected, rtol=1e-6)


INFINITE = np.array(
    [[1.0, -np.inf, np.inf, -np.inf], [2.0, 3.0, 0.0, -np.inf]], "float32"
)


@pytest.mark.parametrize("mode", MODES)
def test_interpolate_of_infinities(mode):
    interpolate = in_mode(
        mode, lambda x, lam: policy.interpolate(x, [1, 0], lam)
    )
    own, other = INFINITE
    for lam, expected in {
        (1.0, 0.0): [own, own],
        (0.0, 1.0): [other, other],
        (0.5, 1.0): [[1.5, -np.inf, np.inf, -np.inf], other],
        (0.25, 0.5): [
            [1.75, -np.inf, np.inf, -np.inf],
            [1.5, -np.inf, np.inf, -np.inf],
        ],
    }.items():
        got = interpolate(*map(ops.convert_to_tensor, (INFINITE, lam)))
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("lam", [(0.25, 0.5), (1.0, 0.0)])
def test_infinities_have_no_gradient_and_spoil_no_other(mode, lam):
    def total(x, lam):
        mixed = policy.interpolate(x, [1, 0], lam)
        # As a softmax, which gives what is -inf no weight.
        return ops.sum(ops.exp(ops.minimum(mixed, 5.0)))

    def gradients(x, lam):
        one = ops.ones(())
        _, by_x = pull_back(lambda x: total(x, lam), x, upstream=one)
        _, by_lam = pull_back(lambda lam: total(x, lam), lam, upstream=one)
        return by_x, by_lam

    by_x, by_lam = map(
        np.asarray,
        in_mode(mode, gradients)(*map(ops.convert_to_tensor, (INFINITE, lam))),
    )
    mixed = [lam[0] * 1 + (1 - lam[0]) * 2, lam[1] * 2 + (1 - lam[1]) * 1]
    np.testing.assert_allclose(
        by_lam, [-np.exp(mixed[0]), np.exp(mixed[1])], rtol=1e-5
    )
    first = lam[0] * np.exp(mixed[0]) + (1 - lam[1]) * np.exp(mixed[1])
    np.testing.assert_allclose(by_x[0, 0], first, rtol=1e-5)
    assert np.all(np.isfinite(by_x))


def test_interpolate_wants_one_lam_per_example():
    with pytest.raises(ValueError, match=r"shape \(batch,\).*\(3, 1, 1\)"):
        policy.interpolate(np.ones((3, 2)), [0, 1, 2], np.ones((3, 1, 1)))


@pytest.mark.parametrize("dtype", ["bool", "int32"])
def test_masks_unite_parts_that_weigh_something(dtype):
    mask = ops.cast([[1, 1, 0], [1, 0, 0]], dtype)
    for lam, expected in {
        0.5: [[1, 1, 0], [1, 1, 0]],
        1.0: [[1, 1, 0], [1, 0, 0]],
        0.0: [[1, 0, 0], [1, 1, 0]],
        1.2: [[1, 1, 0], [1, 1, 0]],
        -0.2: [[1, 1, 0], [1, 1, 0]],
    }.items():
        united = policy.unite_masks(mask, [1, 0], np.full(2, lam, "float32"))
        assert keras.backend.standardize_dtype(united.dtype) == dtype
        np.testing.assert_array_equal(ops.cast(united, "int32"), expected)


def test_fold_gives_each_example_the_larger_part():
    folded = policy.fold(ops.array([0.0, 0.2, 0.5, 0.9]))
    np.testing.assert_allclose(folded, [1.0, 0.8, 0.5, 0.9], rtol=1e-6)


def test_mixup_loss_weighs_both_labels():
    loss = policy.mixup_loss(
        ops.array([1.0, 2.0]),
        ops.array([3.0, 5.0]),
        ops.array([0.25, 1.0]),
        weight_own=ops.array([2.0, 1.0]),
        weight_partner=ops.array([1.0, 7.0]),
    )
    expected = [0.25 * 2 * 1 + 0.75 * 1 * 3, 2.0]
    np.testing.assert_allclose(loss, expected)


number = st.floats(width=32, allow_subnormal=False)
unit = st.floats(0, 1, width=32, allow_subnormal=False)


@settings(deadline=None)
@given(
    st.floats(0, 1, width=32, allow_subnormal=False),
    number,
    st.sampled_from([0.0, 0.002, 0.1, 3.0]),
)
def test_ascend_stays_within_a_step_and_the_unit_interval(lam, grad, epsilon):
    moved = np.asarray(
        policy.ascend(ops.array([lam]), ops.array([grad]), epsilon)
    )
    lam = np.float32(lam)
    assert 0 <= moved[0] <= 1
    assert abs(moved[0] - lam) <= epsilon * (1 + 1e-6) + 1e-7
    if epsilon == 0 or not np.isfinite(grad):
        assert moved[0] == lam
    elif 0 < lam < 1 and epsilon * abs(grad) > 1e-6:
        assert np.sign(moved[0] - lam) == np.sign(grad)


def test_ascend_clips_the_gradient():
    lam = ops.array([0.5, 0.5, 0.5])
    grad = ops.array([5.0, -0.5, -5.0])
    np.testing.assert_allclose(
        policy.ascend(lam, grad, 0.1), [0.6, 0.45, 0.4], rtol=1e-6
    )


def test_mask_is_strict_and_selects_rows():
    loss = np.array([1.0, 1.0, 1.0])
    loss_adv = np.array([1.1, 1.0, 0.9])
    mask = policy.adversarial_mask(loss, loss_adv)
    np.testing.assert_array_equal(mask, [True, False, False])
    np.testing.assert_array_equal(
        policy.select(mask, np.array([7, 8, 9]), np.array([1, 2, 3])), [7, 2, 3]
    )


@pytest.mark.parametrize("epsilon", [-0.1, float("nan"), float("inf")])
def test_epsilon_must_not_be_negative(epsilon):
    with pytest.raises(ValueError, match=r"`epsilon`.*Received: epsilon="):
        checks.check_epsilon(epsilon)
