"""`MirroredStrategy` over two logical CPUs, in a process of their own."""

import pytest

pytestmark = pytest.mark.tensorflow


def test_each_replica_draws_lam_and_partners_of_its_own(on_two_replicas):
    drawn = on_two_replicas("""
with two.scope():
    wrapper = compiled(keras_amp.Mixup(classifier(), "hidden", seed=0))

@tf.function
def draw():
    return two.run(lambda: wrapper.draw(None, tf.zeros(64)))

first, second = draw(), draw()
print(json.dumps([
    [value.numpy().tolist() for value in two.experimental_local_results(part)]
    for part in (*first, *second)
]))
""")
    (lam, other_lam), (partner, other_partner) = drawn[:2]
    assert lam != other_lam
    assert partner != other_partner
    assert sorted(partner) == sorted(other_partner) == list(range(64))
    assert drawn[0] != drawn[2]
    # No value of one replica turns up in the other, or in the next step.
    values = [
        value for lams in (drawn[0], drawn[2]) for r in lams for value in r
    ]
    assert len(set(values)) == 4 * 64


def test_two_replicas_make_the_steps_of_one_device(on_two_replicas):
    results = on_two_replicas("""
x, y = batch(12)
partner = np.array([1, 2, 0, 4, 5, 3])
lam = np.linspace(0.05, 0.95, 12, dtype="float32")

def train(strategy, kind, reduction):
    keras.utils.set_random_seed(3)
    with strategy.scope():
        options = {} if kind == "Mixup" else {"epsilon": 0.3}
        wrapper = kinds[kind](classifier(), "hidden", **options)
        wrapper.model.get_layer("above").kernel_regularizer = (
            keras.regularizers.L2(0.01)
        )
        compiled(wrapper, cross_entropy(reduction=reduction))

        def draw(hidden, y):
            if strategy is one:
                both = np.concatenate([partner, 6 + partner])
                return tf.constant(lam), tf.constant(both)
            context = tf.distribute.get_replica_context()
            replica = context.replica_id_in_sync_group
            own = tf.gather(tf.reshape(lam, (2, 6)), replica)
            return own, tf.constant(partner)

        wrapper.draw = draw
        data = tf.data.Dataset.from_tensor_slices((x, y)).batch(12)
        history = wrapper.fit(data, epochs=3, verbose=0).history
    weights = [w.ravel().tolist() for w in wrapper.model.get_weights()]
    return history["loss"] + sum(weights, [])

print(json.dumps({
    f"{kind}, {reduction}": [
        train(strategy, kind, reduction) for strategy in (one, two)
    ]
    for kind in ("Mixup", "AdversarialMixup")
    for reduction in ("sum_over_batch_size", "sum")
}))
""")
    assert len(results) == 4
    for case, (single, replicas) in results.items():
        assert replicas == pytest.approx(single, rel=1e-4, abs=1e-6), case


def test_uneven_batches_several_places_saving_and_evaluation(
    on_two_replicas, tmp_path
):
    results = on_two_replicas(
        """
x, y = batch(21)
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
results = {}
for kind in kinds:
    with two.scope():
        wrapper = kinds[kind](
            classifier(dropout=0.5), ["hidden", "above"], seed=0
        )
        compiled(wrapper, metrics=["accuracy"])
    fitted = wrapper.fit(data, epochs=3, verbose=0, validation_data=data)
    wrapper.save(sys.argv[1] + "/model.keras")
    loaded = keras.models.load_model(sys.argv[1] + "/model.keras")
    results[kind] = [
        fitted.history,
        wrapper.evaluate(data, verbose=0, return_dict=True),
        loaded.predict(x, verbose=0).tolist(),
        wrapper.predict(x, verbose=0).tolist(),
    ]
print(json.dumps(results))
""",
        tmp_path,
    )
    assert len(results) == 3
    for history, evaluated, loaded, predicted in results.values():
        assert all(0 < loss < 5 for loss in history["loss"])
        assert evaluated["accuracy"] == pytest.approx(
            history["val_accuracy"][-1]
        )
        assert loaded == [pytest.approx(row, abs=1e-6) for row in predicted]


def test_a_replica_without_examples_adds_nothing(on_two_replicas):
    results = on_two_replicas("""
x, y = batch(13)
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(6)

def train(wrap, reduction):
    keras.utils.set_random_seed(3)
    with two.scope():
        model = compiled(wrap(classifier()), cross_entropy(reduction=reduction))
    history = model.fit(data, epochs=2, verbose=0).history["loss"]
    weights = getattr(model, "model", model).get_weights()
    return history + sum([w.ravel().tolist() for w in weights], [])

def whole(kind):
    def wrap(model):
        wrapper = kinds[kind](model, "hidden")
        if kind == "AdversarialMixup":
            wrapper.epsilon = 0.0
        wrapper.draw = unmixed
        return wrapper
    return wrap

print(json.dumps({
    reduction: [train(lambda model: model, reduction)]
    + [train(whole(kind), reduction) for kind in ("Mixup", "AdversarialMixup")]
    for reduction in ("sum_over_batch_size", "sum")
}))
""")
    assert len(results) == 2
    for reduction, (plain, *wrapped) in results.items():
        for one in wrapped:
            assert one == pytest.approx(plain, rel=1e-5, abs=1e-6), reduction
